"""What waits for a person, and who moved a contact last."""

from uuid import UUID

from django.db.models import QuerySet

from hirocrm.contacts.models import Contact, MovedBy, StageChange
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member, User
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.errors import SuggestionNotFound
from hirocrm.pipelines.models import Assignment, Stage, Suggestion, SuggestionState


def list_suggestions(
    *, member: Member, kind: str | None = None, contact_id: UUID | None = None
) -> QuerySet[Suggestion]:
    """Open suggestions with contact, stage and pipeline, in no order. `kind` is "review" or "suggestion"."""
    permissions.require(member, Right.READ)
    rows = Suggestion.objects.select_related("contact", "stage", "pipeline").filter(
        organization_id=member.organization_id, state=SuggestionState.OPEN
    )
    if kind is not None:
        rows = rows.filter(kind=kind)
    if contact_id is not None:
        rows = rows.filter(contact_id=contact_id)
    return rows


def get_suggestion(*, member: Member, suggestion_id: UUID, for_update: bool = False) -> Suggestion:
    """One open suggestion; locked with its contact if asked for.

    Raises:
        SuggestionNotFound: unknown, or answered already.
    """
    rows = list_suggestions(member=member).filter(id=suggestion_id)
    if for_update:
        # The contact first, as moves and the AI do: one order for all who lock both.
        Contact.objects.select_for_update().filter(
            organization_id=member.organization_id, suggestions__id=suggestion_id
        ).values_list("id", flat=True).first()
        rows = rows.select_for_update(of=("self",))
    found = rows.first()
    if found is None:
        raise SuggestionNotFound(
            "Nothing waits under this id. Perhaps someone answered it already."
        )
    return found


def describe_last_move(contact: Contact) -> tuple[str, str]:
    """Who moved the contact last and to which stage, in words: ("Ana", "Closed Won")."""
    last = (
        StageChange.objects.filter(organization_id=contact.organization_id, contact=contact)
        .order_by("-created_at", "-id")
        .first()
    )
    stage = Stage.objects.filter(id=contact.stage_id).first() if contact.stage_id else None
    where = f"“{stage.name}”" if stage else "another place"
    if last is None or last.moved_by != MovedBy.PERSON:
        return ("The AI" if last and last.moved_by == MovedBy.AI else "Someone", where)
    user = User.objects.filter(id=last.user_id).first() if last.user_id else None
    return (str(user) if user else "Someone", where)


def list_assignments(*, member: Member, contact_id: UUID) -> QuerySet[Assignment]:
    """What the AI assigned to a contact and what people said of it, newest first."""
    permissions.require(member, Right.READ)
    return Assignment.objects.filter(
        organization_id=member.organization_id, contact_id=contact_id
    ).order_by("-created_at", "-id")
