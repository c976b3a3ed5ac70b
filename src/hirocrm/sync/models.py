"""Runs: durable pieces of work that survive any process."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hirocrm.core.ids import new_id
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Member, Organization


class RunKind(models.TextChoices):
    """Where a run's conversations come from."""

    SYNC = "sync"
    REANALYZE = "reanalyze"
    IMPORT = "import"


class RunStatus(models.TextChoices):
    """How a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  # a status, not a secret
    RATE_LIMITED = "rate_limited"  # waits by itself until `waiting_until`


OPEN_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.RATE_LIMITED)


class RunPhase(models.TextChoices):
    """What a running run does just now."""

    FETCHING = "fetching"
    ANALYSING = "analysing"
    DONE = "done"


class SyncRun(models.Model):
    """One run. Its cursor and counts are committed with the rows they speak of, so it can go on after any crash."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="sync_runs")
    page = models.ForeignKey(Page, models.CASCADE, null=True, blank=True, related_name="sync_runs")
    kind = models.CharField(max_length=10, choices=RunKind.choices, default=RunKind.SYNC)
    status = models.CharField(max_length=15, choices=RunStatus.choices, default=RunStatus.QUEUED)
    phase = models.CharField(max_length=10, choices=RunPhase.choices, default=RunPhase.FETCHING)
    full = models.BooleanField(default=False)
    options = models.JSONField(
        default=dict, blank=True
    )  # by kind: filter, pipelineId, updateMode, archive
    platform = models.CharField(max_length=10, blank=True)  # being fetched now
    cursor = models.JSONField(
        default=dict, blank=True
    )  # platform -> {"cursor", "done", "newest", "page_size"}

    expected = models.PositiveIntegerField(
        null=True, blank=True
    )  # conversations, where the source can say
    fetched = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    to_analyse = models.PositiveIntegerField(default=0)
    analyzed = models.PositiveIntegerField(default=0)
    auto_assigned = models.PositiveIntegerField(default=0)
    needs_review = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(
        default=0, db_default=0
    )  # messages webhooks should have told
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    cost_micro_usd = models.BigIntegerField(default=0)

    token_expired = models.BooleanField(default=False)
    waiting_until = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=200, blank=True)
    notice = models.TextField(
        blank=True
    )  # one sentence for people, such as "the pipeline has no stages"
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="run_by_org"),
            models.Index(fields=["organization", "page", "-created_at"], name="run_by_page"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["page"],
                condition=models.Q(kind="sync", finished_at__isnull=True),
                name="one_open_sync_per_page",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    @property
    def own_page(self) -> Page:
        """The Page of a run that has one: every sync and every import."""
        assert self.page is not None  # noqa: S101  # only re-analyses span Pages
        return self.page

    @property
    def synced(self) -> int:
        """Contacts that were saved or found as they were."""
        return self.created + self.updated + self.unchanged

    @property
    def is_open(self) -> bool:
        """Whether it may still do something."""
        return self.finished_at is None


class RunError(models.Model):
    """One thing that went wrong in a run, with what to do about it; equal ones are counted, not repeated."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="errors")
    platform = models.CharField(max_length=10, blank=True)
    remote_id = models.CharField(
        max_length=255, blank=True
    )  # the person's, conversation's or Page's id at Meta
    conversation_id = models.UUIDField(null=True, blank=True)
    error = models.TextField()
    code = models.CharField(max_length=60, blank=True)
    count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "run", "id"], name="run_error_by_run")]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "code", "remote_id"], name="one_run_error_per_code_and_item"
            ),
        ]

    def __str__(self) -> str:
        return self.error


class ArchiveUpload(models.Model):
    """An export archive that somebody uploaded, until it is imported; here every worker can read it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)  # of the file, where it came from
    size = models.PositiveBigIntegerField()  # bytes
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class ArchivePiece(models.Model):
    """A part of an uploaded archive, in order by `number`; see `upload_pieces`."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    upload = models.ForeignKey(ArchiveUpload, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "upload", "number"], name="one_archive_piece_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id}: {self.number}"


class AnalysisBatch(models.Model):
    """Conversations handed to the analyser together; a run is over when none of its batches is open."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    run = models.ForeignKey(SyncRun, models.CASCADE, null=True, blank=True, related_name="batches")
    page = models.ForeignKey(Page, models.CASCADE, null=True, blank=True, related_name="+")
    conversation_ids = ArrayField(models.UUIDField())  # those left to read
    failed_ids = ArrayField(
        models.UUIDField(), default=list
    )  # tried; its run doesn't try them twice
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "run"],
                condition=models.Q(finished_at__isnull=True),
                name="open_batch_by_run",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ParkedEvent(models.Model):
    """An event about a message that isn't here yet (Meta's order isn't guaranteed); applied when it comes.

    `mid` is Meta's message id, `content` what `sync.webhooks.touches` needs to apply it.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="+")
    mid = models.CharField(max_length=512)
    kind = models.CharField(max_length=20)
    content = models.JSONField()
    digest = models.CharField(max_length=64)  # of all of it: a repeated event is parked once
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "mid", "digest"], name="one_parked_event"),
        ]
        indexes = [models.Index(fields=["created_at"], name="parked_event_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.mid}"


class MissedConversation(models.Model):
    """A conversation that Meta listed but a walk couldn't read: later syncs ask for it alone, a few times.

    `run` is the latest that tried, `tries` counts them all. It goes when the conversation is read.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="missed_conversations")
    platform = models.CharField(max_length=10)
    remote_id = models.CharField(max_length=255)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["page", "platform", "remote_id"], name="one_missed_conversation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.remote_id}"


class SyncPosition(models.Model):
    """How far a Page's conversations are known, by platform: where the next incremental run may stop."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="sync_positions")
    platform = models.CharField(max_length=10)
    newest_at = models.DateTimeField(
        null=True, blank=True
    )  # newest conversation of the last whole run
    page_size = models.PositiveSmallIntegerField(default=100)  # what Meta could answer last time
    evaluated_settings = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "platform"], name="one_position_per_platform"),
        ]

    def __str__(self) -> str:
        return f"{self.platform}: {self.newest_at}"
