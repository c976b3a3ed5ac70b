"""Notes and tasks on a contact."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from hirocrm.contacts import queries
from hirocrm.contacts.models import ActivityType, Note, Task
from hirocrm.contacts.services.contacts import publish_change
from hirocrm.contacts.services.timeline import build_activity
from hirocrm.core.errors import Invalid
from hirocrm.core.text import clean
from hirocrm.organizations import permissions
from hirocrm.organizations import queries as organizations
from hirocrm.organizations.errors import MemberNotFound
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right

TASK_FIELDS = frozenset({"title", "due_at", "assignee_id"})
NOTE_LENGTH = 10_000
TITLE_LENGTH = 500


@transaction.atomic
def add_note(*, member: Member, contact_id: UUID, text: str, now: datetime) -> Note:
    """Write down a note; the timeline shows it.

    Raises:
        ContactNotFound: no such contact here.
        Invalid: it is empty or too long.
    """
    permissions.require(member, Right.WORK)
    contact = queries.get_contact(member=member, contact_id=contact_id)
    note = Note.objects.create(
        organization_id=member.organization_id,
        contact=contact,
        author_id=member.user_id,
        text=_required(text, field="text", what="note", longest=NOTE_LENGTH),
        created_at=now,
    )
    build_activity(
        member=member,
        contact_id=contact_id,
        kind=ActivityType.NOTE_ADDED,
        title="Note added",
        description=text,
        metadata={"noteId": str(note.id)},
        now=now,
    ).save()
    publish_change(contact)
    return note


@transaction.atomic
def change_note(*, member: Member, contact_id: UUID, note_id: UUID, text: str) -> Note:
    """Reword a note.

    Raises:
        NoteNotFound: no such note.
    """
    permissions.require(member, Right.WORK)
    note = queries.get_note(member=member, contact_id=contact_id, note_id=note_id)
    note.text = _required(text, field="text", what="note", longest=NOTE_LENGTH)
    note.save(update_fields=["text", "updated_at"])
    return note


@transaction.atomic
def delete_note(*, member: Member, contact_id: UUID, note_id: UUID) -> None:
    """Remove a note; the timeline keeps that it was written.

    Raises:
        NoteNotFound: no such note.
    """
    permissions.require(member, Right.WORK)
    queries.get_note(member=member, contact_id=contact_id, note_id=note_id).delete()


@transaction.atomic
def create_task(
    *,
    member: Member,
    contact_id: UUID,
    title: str,
    due_at: datetime | None = None,
    assignee_id: UUID | None = None,
    now: datetime,
) -> Task:
    """Write down something to do about a contact.

    Raises:
        ContactNotFound: no such contact here.
        Invalid: the assignee is no member, or the title is empty or too long.
    """
    permissions.require(member, Right.WORK)
    contact = queries.get_contact(member=member, contact_id=contact_id)
    _check_assignee(member, assignee_id)
    task = Task.objects.create(
        organization_id=member.organization_id,
        contact=contact,
        title=_required(title, field="title", what="task", longest=TITLE_LENGTH),
        due_at=due_at,
        assignee_id=assignee_id,
        created_by_id=member.user_id,
        created_at=now,
    )
    build_activity(
        member=member,
        contact_id=contact_id,
        kind=ActivityType.TASK_CREATED,
        title="Task created",
        description=title,
        metadata={"taskId": str(task.id)},
        now=now,
    ).save()
    publish_change(contact)
    return task


@transaction.atomic
def update_task(
    *, member: Member, contact_id: UUID, task_id: UUID, changes: Mapping[str, Any]
) -> Task:
    """Change a task's title, due date or assignee.

    Raises:
        TaskNotFound: no such task.
    """
    permissions.require(member, Right.WORK)
    task = queries.get_task(member=member, contact_id=contact_id, task_id=task_id, for_update=True)
    fields = sorted(TASK_FIELDS & changes.keys())
    if "assignee_id" in fields:
        _check_assignee(member, changes["assignee_id"])
    for field in fields:
        setattr(task, field, changes[field])
    if fields:
        task.save(update_fields=fields)
    return task


@transaction.atomic
def complete_task(*, member: Member, contact_id: UUID, task_id: UUID, now: datetime) -> Task:
    """Mark a task as done; one that is done already stays as it was.

    Raises:
        TaskNotFound: no such task.
    """
    permissions.require(member, Right.WORK)
    task = queries.get_task(member=member, contact_id=contact_id, task_id=task_id, for_update=True)
    if task.completed_at is None:
        task.completed_at = now
        task.save(update_fields=["completed_at"])
        build_activity(
            member=member,
            contact_id=contact_id,
            kind=ActivityType.TASK_COMPLETED,
            title="Task completed",
            description=task.title,
            metadata={"taskId": str(task.id)},
            now=now,
        ).save()
    return task


@transaction.atomic
def reopen_task(*, member: Member, contact_id: UUID, task_id: UUID) -> Task:
    """Mark a task as still to do.

    Raises:
        TaskNotFound: no such task.
    """
    permissions.require(member, Right.WORK)
    task = queries.get_task(member=member, contact_id=contact_id, task_id=task_id, for_update=True)
    task.completed_at = None
    task.save(update_fields=["completed_at"])
    return task


@transaction.atomic
def delete_task(*, member: Member, contact_id: UUID, task_id: UUID) -> None:
    """Remove a task; the timeline keeps that it was written.

    Raises:
        TaskNotFound: no such task.
    """
    permissions.require(member, Right.WORK)
    queries.get_task(member=member, contact_id=contact_id, task_id=task_id).delete()


def _check_assignee(member: Member, assignee_id: UUID | None) -> None:
    if assignee_id is None:
        return
    try:
        organizations.get_member(member=member, member_id=assignee_id)
    except MemberNotFound as exc:
        raise Invalid(
            "The assignee is no member of this organization.", field="assigneeId"
        ) from exc


def _required(value: str, *, field: str, what: str, longest: int) -> str:
    value = clean(value).strip()
    if not value:
        raise Invalid(f"The {what} is empty.", field=field)
    if len(value) > longest:
        raise Invalid(f"A {what} has at most {longest:,} characters.", field=field)
    return value
