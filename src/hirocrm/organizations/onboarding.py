"""What people said of the first-steps list. It is kept in the audit log, where it belongs: who skipped what, when."""

from dataclasses import dataclass

from hirocrm.organizations import permissions
from hirocrm.organizations.models import AuditEntry, Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit

PREFIX = "onboarding."
SEEN, SKIPPED, DISMISSED, RESET = (
    f"{PREFIX}{word}" for word in ("seen", "skipped", "dismissed", "reset")
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Steps that were looked at, steps that were skipped, and whether the whole list was put away."""

    seen: frozenset[str]
    skipped: frozenset[str]
    is_dismissed: bool


def read_marks(*, member: Member) -> Marks:
    """What stands since the list was last started over."""
    permissions.require(member, Right.READ)
    rows = (
        AuditEntry.objects.filter(organization_id=member.organization_id, action__startswith=PREFIX)
        .order_by("created_at", "id")
        .values_list("action", "subject")
    )
    seen: set[str] = set()
    skipped: set[str] = set()
    is_dismissed = False
    for action, subject in rows:
        if action == RESET:
            skipped, is_dismissed = set(), False
        elif action == SEEN:
            seen.add(subject)
        elif action == SKIPPED:
            skipped.add(subject)
        elif action == DISMISSED:
            is_dismissed = True
    return Marks(frozenset(seen), frozenset(skipped), is_dismissed)


def mark_seen(*, member: Member, step: str) -> None:
    """Note, once, that somebody looked at what a step is about."""
    if step not in read_marks(member=member).seen:
        record_audit(member=member, action=SEEN, subject=step)


def skip_step(*, member: Member, step: str) -> None:
    """Leave a step out."""
    permissions.require(member, Right.WORK)
    record_audit(member=member, action=SKIPPED, subject=step)


def dismiss(*, member: Member) -> None:
    """Put the list away for everybody in the organization."""
    permissions.require(member, Right.CONFIGURE)
    record_audit(member=member, action=DISMISSED)


def reset(*, member: Member) -> None:
    """Bring the list back, with the skipped steps open again."""
    permissions.require(member, Right.WORK)
    record_audit(member=member, action=RESET)
