"""Deliveries as they came, what couldn't be read of them, and how a Page's webhooks do."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from hirocrm.core.ids import new_id


class DeliveryOutcome(models.TextChoices):
    """What became of a delivery."""

    WAITING = ""
    TAKEN = "taken"
    TEST = "test"  # the button in Meta's dashboard
    UNKNOWN = "unknown"  # none of its Pages is connected here
    UNREADABLE = "unreadable"  # some of it was kept aside; the rest was taken


class WebhookDelivery(models.Model):
    """One signed POST of Meta's, as it came. Written by the intake before it answers 200; it may speak of several Pages."""

    id = models.BigAutoField(primary_key=True)
    body = models.BinaryField()
    secret = (
        models.PositiveSmallIntegerField()
    )  # which of the app secrets signed it: 0 Meta's, 1 Instagram's
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, choices=DeliveryOutcome.choices, db_default="", default=""
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(handled_at__isnull=True), name="delivery_waiting"
            ),
            models.Index(
                fields=["received_at"],
                condition=models.Q(outcome="test"),
                name="delivery_of_a_test",
            ),
            BrinIndex(fields=["received_at"], name="delivery_by_time"),  # rows come in its order
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class UnreadableEntry(models.Model):
    """A part of a delivery that couldn't be read or applied, kept aside until someone looks at it.

    `content` is its JSON as text, since PostgreSQL's JSON refuses NUL. Without a Page it belongs to the
    install's only organization, or, where there are several, to none: then `hirocrm aside` shows it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, null=True, related_name="+"
    )
    page = models.ForeignKey("meta.Page", models.CASCADE, null=True, related_name="+")
    delivery_id = models.BigIntegerField()  # a plain id: deliveries expire
    object_kind = models.CharField(max_length=40)  # "page", "instagram", or what else was said
    content = models.TextField()
    digest = models.CharField(max_length=64)  # Meta's retries bring the same content again
    reason = models.CharField(max_length=300)
    received_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)  # the last try

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-received_at", "-id"], name="unreadable_by_org"),
        ]
        constraints = [models.UniqueConstraint(fields=["digest"], name="one_unreadable_entry")]

    def __str__(self) -> str:
        return self.reason


class WebhookHealth(models.Model):
    """How a Page's webhooks do. A row of its own: it changes with every delivery, the Page seldom."""

    page = models.OneToOneField(
        "meta.Page", models.CASCADE, primary_key=True, related_name="webhook_health"
    )
    organization = models.ForeignKey("organizations.Organization", models.CASCADE, related_name="+")
    listening_since = models.DateTimeField(null=True, blank=True)  # the first event
    last_event_at = models.DateTimeField(null=True, blank=True)  # when we got it
    # Messages that a sync brought although webhooks should have: of the last walk, and of all.
    missed_count = models.PositiveIntegerField(default=0, db_default=0)
    missed_total = models.PositiveIntegerField(default=0, db_default=0)
    missed_at = models.DateTimeField(null=True, blank=True)  # when the last walk found some
    repaired_at = models.DateTimeField(null=True, blank=True)  # when a walk last looked for gaps
    # Webhooks may have been missed until then; a walk that begins later and gets to its end takes it away.
    repair_wanted_at = models.DateTimeField(null=True, blank=True)
    repair_tried_at = models.DateTimeField(
        null=True, blank=True
    )  # when a walk was last started for it; null: it got to its end
    # messaging_policy_enforcement: "warning" or "block"; "" after "unblock"
    policy_action = models.CharField(max_length=20, blank=True, db_default="", default="")
    policy_reason = models.CharField(max_length=500, blank=True, db_default="", default="")
    policy_at = models.DateTimeField(null=True, blank=True)
    # Why Meta delivers no events: its refusal of subscribed_apps; "" when it took it.
    subscribe_problem = models.CharField(max_length=500, blank=True, db_default="", default="")

    class Meta:
        indexes = [
            # Asked on every page: the banner. Hardly any Page is in it.
            models.Index(
                fields=["organization"],
                condition=models.Q(policy_action="block"),
                name="health_blocked",
            ),
        ]

    def __str__(self) -> str:
        return f"webhooks of {self.page_id}"
