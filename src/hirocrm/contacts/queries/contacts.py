"""One contact and what belongs to it."""

from uuid import UUID

from django.db.models import Count, F, Func, QuerySet

from hirocrm.contacts.errors import ContactNotFound, NoteNotFound, TaskNotFound
from hirocrm.contacts.models import (
    Activity,
    Contact,
    ContactPicture,
    Conversation,
    Message,
    Note,
    Task,
)
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

EXPORT_BATCH = 1_000


def get_contact(*, member: Member, contact_id: UUID, for_update: bool = False) -> Contact:
    """One contact with its Page, locked until the transaction ends if asked for.

    Raises:
        ContactNotFound: no such contact in the member's organization.
    """
    permissions.require(member, Right.READ)
    rows = Contact.objects.filter(organization_id=member.organization_id, id=contact_id)
    rows = rows.select_related("page")
    found = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if found is None:
        raise ContactNotFound("There is no such contact.")
    return found


def require_contact(*, member: Member, contact_id: UUID) -> None:
    """Refuse unless the organization has this contact.

    Raises:
        ContactNotFound: it doesn't.
    """
    permissions.require(member, Right.READ)
    if not Contact.objects.filter(organization_id=member.organization_id, id=contact_id).exists():
        raise ContactNotFound("There is no such contact.")


def list_activities(*, member: Member, contact_id: UUID) -> QuerySet[Activity]:
    """The contact's timeline, in no order."""
    require_contact(member=member, contact_id=contact_id)
    return Activity.objects.filter(organization_id=member.organization_id, contact_id=contact_id)


def activities_of(contact: Contact) -> QuerySet[Activity]:
    """The same of a contact at hand, which `get_contact` has checked."""
    return Activity.objects.filter(organization_id=contact.organization_id, contact_id=contact.id)


def messages_of(contact: Contact) -> QuerySet[Message]:
    """All messages with a contact at hand, in no order."""
    return Message.objects.filter(
        organization_id=contact.organization_id, conversation__contact_id=contact.id
    )


def notes_of(contact: Contact) -> QuerySet[Note]:
    """The notes on a contact at hand, each with its author, in no order."""
    return Note.objects.select_related("author").filter(
        organization_id=contact.organization_id, contact_id=contact.id
    )


def tasks_of(contact: Contact) -> QuerySet[Task]:
    """The tasks about a contact at hand, each with its assignee, in no order."""
    return Task.objects.select_related("assignee__user").filter(
        organization_id=contact.organization_id, contact_id=contact.id
    )


def list_messages(*, member: Member, contact_id: UUID) -> QuerySet[Message]:
    """All messages with the contact on every platform, each with its conversation, in no order."""
    require_contact(member=member, contact_id=contact_id)
    return Message.objects.select_related("conversation").filter(
        organization_id=member.organization_id, conversation__contact_id=contact_id
    )


def list_conversations(*, member: Member, contact_id: UUID) -> QuerySet[Conversation]:
    """The contact's threads, newest first."""
    require_contact(member=member, contact_id=contact_id)
    return Conversation.objects.filter(
        organization_id=member.organization_id, contact_id=contact_id
    ).order_by("-last_message_at", "-id")


def list_notes(*, member: Member, contact_id: UUID) -> QuerySet[Note]:
    """The contact's notes, each with its author, in no order."""
    require_contact(member=member, contact_id=contact_id)
    return Note.objects.select_related("author").filter(
        organization_id=member.organization_id, contact_id=contact_id
    )


def get_note(*, member: Member, contact_id: UUID, note_id: UUID) -> Note:
    """One note of the contact.

    Raises:
        NoteNotFound: no such note.
    """
    found = list_notes(member=member, contact_id=contact_id).filter(id=note_id).first()
    if found is None:
        raise NoteNotFound("There is no such note.")
    return found


def list_tasks(*, member: Member, contact_id: UUID) -> QuerySet[Task]:
    """The contact's tasks, open and done, in no order."""
    require_contact(member=member, contact_id=contact_id)
    return Task.objects.filter(organization_id=member.organization_id, contact_id=contact_id)


def get_task(*, member: Member, contact_id: UUID, task_id: UUID, for_update: bool = False) -> Task:
    """One task of the contact.

    Raises:
        TaskNotFound: no such task.
    """
    rows = list_tasks(member=member, contact_id=contact_id).filter(id=task_id)
    found = (rows.select_for_update() if for_update else rows).first()
    if found is None:
        raise TaskNotFound("There is no such task.")
    return found


def list_open_tasks(*, member: Member) -> QuerySet[Task]:
    """What the organization still means to do, soonest due first, each with its contact and assignee."""
    permissions.require(member, Right.READ)
    return (
        Task.objects.select_related("contact", "assignee__user")
        .filter(organization_id=member.organization_id, completed_at__isnull=True)
        .order_by("due_at", "created_at", "id")
    )


def list_tags(*, member: Member) -> list[tuple[str, int]]:
    """Every tag in use with its number of contacts, most used first."""
    permissions.require(member, Right.READ)
    counted = (
        Contact.objects.filter(organization_id=member.organization_id)
        .annotate(tag=Func(F("tags"), function="unnest"))
        .values_list("tag")
        .annotate(contacts=Count("id"))
        .order_by("-contacts", "tag")
    )
    return list(counted)


def list_export_rows(
    *, contacts: QuerySet[Contact], after: UUID | None = None, limit: int = EXPORT_BATCH
) -> list[Contact]:
    """The next contacts of an export, by id, each with page, pipeline and stage; flat memory and no open cursor."""
    rows = contacts.select_related("page", "pipeline", "stage").defer("search", "search_text")
    if after is not None:
        rows = rows.filter(id__gt=after)
    return list(rows.order_by("id")[:limit])


def get_picture(*, member: Member, contact_id: UUID) -> ContactPicture:
    """A contact's kept picture.

    Raises:
        ContactNotFound: no such contact here, or it has none.
    """
    permissions.require(member, Right.READ)
    picture = ContactPicture.objects.filter(
        organization_id=member.organization_id, contact_id=contact_id
    ).first()
    if picture is None:
        raise ContactNotFound("There is no such picture.")
    return picture
