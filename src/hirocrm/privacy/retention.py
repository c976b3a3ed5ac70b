"""How long an organization keeps what: settings, a look at what would go, and the nightly work.

Messages keep their row and lose what they say, so that a sync, which would bring the newest ones again, finds
them known. Contacts are erased as if by hand: a person who writes again is new.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.models import Contact, Message
from hirocrm.contacts.services import erase
from hirocrm.contacts.services.contacts import search_text_of
from hirocrm.core import jobs
from hirocrm.inbox.models import OutgoingMessage, OutgoingState
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit
from hirocrm.privacy.errors import RetentionInvalid
from hirocrm.privacy.models import RetentionPolicy

FIELDS = ("message_days", "contact_days", "analysis_days")
SHORTEST_DAYS = 8  # Meta's longest window for an answer is 7
LONGEST_DAYS = 36_500
PORTION = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """What a rule takes away: messages emptied, contacts erased with all of theirs, analyses removed.

    `answers`: answers that never reached Meta, removed.
    """

    messages: int = 0
    contacts: int = 0
    analyses: int = 0
    answers: int = 0


def get_policy(*, member: Member) -> RetentionPolicy:
    """The organization's rule; all is kept where it never made one."""
    permissions.require(member, Right.READ)
    found = RetentionPolicy.objects.filter(organization_id=member.organization_id).first()
    return found or RetentionPolicy(organization_id=member.organization_id)


@transaction.atomic
def update_policy(*, member: Member, days: Mapping[str, int | None]) -> RetentionPolicy:
    """Set for how many days what is kept; None: for ever. The nightly job does it.

    Raises:
        RetentionInvalid: a number of days that can't be used.
    """
    permissions.require(member, Right.CONFIGURE)
    row, _ = RetentionPolicy.objects.update_or_create(
        organization_id=member.organization_id, defaults=_checked(days)
    )
    record_audit(
        member=member, action="retention.changed", subject="", details=dict(_checked(days))
    )
    return row


def preview(*, member: Member, days: Mapping[str, int | None], now: datetime) -> Counts:
    """What such a rule would take away now; nothing is changed.

    Raises:
        RetentionInvalid: a number of days that can't be used.
    """
    permissions.require(member, Right.READ)
    policy = RetentionPolicy(organization_id=member.organization_id, **_checked(days))
    contacts = _old_contacts(policy, now)  # erased first, with all that is theirs
    gone = contacts.values("pk")
    return Counts(
        messages=_old_messages(policy, now).exclude(conversation__contact__in=gone).count(),
        contacts=contacts.count(),
        analyses=_old_analyses(policy, now).exclude(contact__in=gone).count(),
        answers=_unsent_answers(policy, now).exclude(conversation__contact__in=gone).count(),
    )


def queue_all() -> int:
    """Have every organization with a rule looked after; how many there are."""
    some = Q(message_days__isnull=False) | Q(contact_days__isnull=False)
    rows = RetentionPolicy.objects.filter(some | Q(analysis_days__isnull=False))
    ids = list(rows.values_list("organization_id", flat=True))
    jobs.defer_many(
        "privacy.apply_retention", [{"organization_id": str(one)} for one in ids], queue="default"
    )
    return len(ids)


def apply_policy(*, organization_id: UUID, now: datetime) -> Counts:
    """Take away what the organization's rule says, in portions; run again, it goes on."""
    policy = RetentionPolicy.objects.filter(organization_id=organization_id).first()
    if policy is None:
        return Counts()
    counts = Counts(
        contacts=_repeat(lambda: _erase_contacts(policy, now)),
        messages=_repeat(lambda: _empty_messages(policy, now)),
        analyses=_repeat(lambda: _remove_analyses(policy, now)),
        answers=_repeat(lambda: _remove_unsent(policy, now)),
    )
    _repeat(lambda: _empty_answers(policy, now))
    RetentionPolicy.objects.filter(pk=policy.pk).update(last_run_at=now, last_counts=asdict(counts))
    return counts


def _repeat(portion: Any) -> int:
    total = 0
    while done := portion():
        total += done
    return total


@transaction.atomic
def _erase_contacts(policy: RetentionPolicy, now: datetime) -> int:
    ids = list(_old_contacts(policy, now).values_list("id", flat=True)[:PORTION])
    return erase(organization_id=policy.organization_id, ids=ids, now=now) if ids else 0


@transaction.atomic
def _empty_messages(policy: RetentionPolicy, now: datetime) -> int:
    """Empty a portion of messages, and what else repeats their words: previews, search, evidence."""
    rows = _old_messages(policy, now).values_list("id", "conversation__contact_id")[:PORTION]
    found = list(rows)
    if not found:
        return 0
    people = {contact_id for _, contact_id in found}
    list(_locked(policy, people))
    Message.objects.filter(id__in=[message_id for message_id, _ in found]).update(
        text=None, attachments=[], reactions=[], edits=[], expired_at=now
    )
    cutoff = _cutoff(policy.message_days, now)
    Analysis.objects.filter(
        organization_id=policy.organization_id, contact_id__in=people, created_at__lt=cutoff
    ).update(evidence=[])
    for contact in _locked(policy, people):
        _forget_words(contact, cutoff)
    return len(found)


def _locked(policy: RetentionPolicy, people: set[UUID]) -> QuerySet[Contact]:
    return (
        Contact.objects.select_for_update()
        .filter(organization_id=policy.organization_id, id__in=people)
        .defer("search")
        .order_by("id")
    )


def _forget_words(contact: Contact, cutoff: datetime) -> None:
    contact.search_text = search_text_of(contact)
    if contact.last_interaction_at is not None and contact.last_interaction_at < cutoff:
        contact.last_message_text = ""
    contact.save(update_fields=["search_text", "last_message_text", "updated_at"])


@transaction.atomic
def _empty_answers(policy: RetentionPolicy, now: datetime) -> int:
    """Empty a portion of the answers that were sent, whose words are their messages'."""
    sent = _old_answers(policy, now).filter(state=OutgoingState.SENT).exclude(text="", upload=None)
    return sent.filter(pk__in=list(sent.values_list("pk", flat=True)[:PORTION])).update(
        text="", upload=None
    )


@transaction.atomic
def _remove_unsent(policy: RetentionPolicy, now: datetime) -> int:
    """Remove a portion of the answers that never arrived: they hold nothing but their words."""
    ids = list(_unsent_answers(policy, now).values_list("pk", flat=True)[:PORTION])
    OutgoingMessage.objects.filter(pk__in=ids).delete()
    return len(ids)


@transaction.atomic
def _remove_analyses(policy: RetentionPolicy, now: datetime) -> int:
    ids = list(_old_analyses(policy, now).values_list("id", flat=True)[:PORTION])
    Analysis.objects.filter(id__in=ids).delete()
    return len(ids)


def _old_messages(policy: RetentionPolicy, now: datetime) -> QuerySet[Message]:
    rows = Message.objects.filter(organization_id=policy.organization_id, expired_at=None)
    says_something = Q(text__isnull=False) | ~Q(attachments=[])
    if policy.message_days is None:
        return rows.none()
    return rows.filter(says_something, created_time__lt=_cutoff(policy.message_days, now))


def _old_answers(policy: RetentionPolicy, now: datetime) -> QuerySet[OutgoingMessage]:
    rows = OutgoingMessage.objects.filter(organization_id=policy.organization_id)
    if policy.message_days is None:
        return rows.none()
    return rows.filter(created_at__lt=_cutoff(policy.message_days, now))


def _unsent_answers(policy: RetentionPolicy, now: datetime) -> QuerySet[OutgoingMessage]:
    never_arrived = [OutgoingState.FAILED, OutgoingState.UNKNOWN]
    return _old_answers(policy, now).filter(state__in=never_arrived)


def _old_contacts(policy: RetentionPolicy, now: datetime) -> QuerySet[Contact]:
    rows = Contact.objects.filter(organization_id=policy.organization_id)
    if policy.contact_days is None:
        return rows.none()
    cutoff = _cutoff(policy.contact_days, now)
    silent = Q(last_interaction_at__lt=cutoff) | Q(last_interaction_at=None, created_at__lt=cutoff)
    return rows.filter(silent)


def _old_analyses(policy: RetentionPolicy, now: datetime) -> QuerySet[Analysis]:
    """Those that a newer one has replaced."""
    rows = Analysis.objects.filter(organization_id=policy.organization_id)
    if policy.analysis_days is None:
        return rows.none()
    newer = Analysis.objects.filter(
        organization_id=policy.organization_id,
        contact_id=OuterRef("contact_id"),
        created_at__gt=OuterRef("created_at"),
    )
    return rows.filter(Exists(newer), created_at__lt=_cutoff(policy.analysis_days, now))


def _cutoff(days: int | None, now: datetime) -> datetime:
    return now - timedelta(days=days or LONGEST_DAYS)


def _checked(days: Mapping[str, int | None]) -> dict[str, int | None]:
    for name in FIELDS:
        value = days.get(name)
        if value is not None and not SHORTEST_DAYS <= value <= LONGEST_DAYS:
            raise RetentionInvalid(
                f"A number of days from {SHORTEST_DAYS} to {LONGEST_DAYS}, or nothing to keep it for ever.",
                field=name,
            )
    return {name: days.get(name) for name in FIELDS}
