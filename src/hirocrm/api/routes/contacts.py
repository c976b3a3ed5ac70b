"""/api/contacts: one contact and what belongs to it."""

from typing import Any
from uuid import UUID

from ninja import Query

from hirocrm.analysis import queries as analyses
from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import NEWEST_FIRST, list_answer
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.contacts import (
    ActivityOut,
    AnalysisOut,
    ContactOut,
    ContactPatch,
    ContactQuery,
    MessageOut,
    MoveIn,
    NoteIn,
    NoteOut,
    TagCount,
    TagsIn,
    TaskIn,
    TaskOut,
    TaskPatch,
)
from hirocrm.api.schemas.referrals import ReferralOut
from hirocrm.contacts import queries, services
from hirocrm.core import clock
from hirocrm.core.pagination import Order
from hirocrm.pipelines import services as pipelines

router = new_router("Contacts")
MESSAGE_ORDER = (Order("created_time", descending=True), Order("id", descending=True))


@router.get("/contacts", response=ListOf[ContactOut], operation_id="list_contacts")
def list_contacts(request: MemberRequest, query: Query[ContactQuery]) -> dict[str, Any]:
    """Contacts that meet all given conditions, last interaction first unless `sort` says otherwise."""
    rows = queries.list_contacts(member=request.auth, wanted=query.to_filter())
    rows = rows.defer("search", "search_text")
    return list_answer(rows, ContactOut.of, order=queries.SORTS[query.sort], window=query)


@router.get("/contacts/tags", response=list[TagCount], operation_id="list_tags")
def list_tags(request: MemberRequest) -> list[TagCount]:
    """Every tag in use, the most used first."""
    found = queries.list_tags(member=request.auth)
    return [TagCount(tag=tag, contacts=count) for tag, count in found]


@router.get("/contacts/{contact_id}", response=ContactOut, operation_id="get_contact")
def get_contact(request: MemberRequest, contact_id: UUID) -> ContactOut:
    """One contact."""
    return ContactOut.of(queries.get_contact(member=request.auth, contact_id=contact_id))


@router.patch("/contacts/{contact_id}", response=ContactOut, operation_id="update_contact")
def update_contact(request: MemberRequest, contact_id: UUID, body: ContactPatch) -> ContactOut:
    """Change names, e-mail, phone, tags, score or status. A name given here is never replaced by a sync."""
    contact = services.update_contact(
        member=request.auth, contact_id=contact_id, changes=body.changes(), now=clock.now()
    )
    return ContactOut.of(contact)


@router.delete("/contacts/{contact_id}", response={204: None}, operation_id="delete_contact")
def delete_contact(request: MemberRequest, contact_id: UUID) -> Answer:
    """Erase a contact with its conversations, notes, tasks and history."""
    services.delete_contact(member=request.auth, contact_id=contact_id, now=clock.now())
    return no_content()


@router.post(
    "/contacts/{contact_id}/move",
    response={200: ContactOut, **refusals(409)},
    operation_id="move_contact",
)
def move_contact(request: MemberRequest, contact_id: UUID, body: MoveIn) -> ContactOut:
    """Put a contact into a stage. It also tells the AI whether its last word was right.

    With `version`, a contact that was moved since is refused: 409, and `detail` says who moved it.
    """
    contact = pipelines.move_contact(
        member=request.auth,
        contact_id=contact_id,
        pipeline_id=body.pipeline_id,
        stage_id=body.stage_id,
        reason=body.reason,
        expected_version=body.version,
        now=clock.now(),
    )
    return ContactOut.of(contact)


@router.get(
    "/contacts/{contact_id}/activities",
    response=ListOf[ActivityOut],
    operation_id="list_activities",
)
def list_activities(
    request: MemberRequest, contact_id: UUID, window: Query[Window]
) -> dict[str, Any]:
    """The contact's timeline, newest first."""
    rows = queries.list_activities(member=request.auth, contact_id=contact_id)
    return list_answer(rows, ActivityOut.of, order=NEWEST_FIRST, window=window)


@router.get(
    "/contacts/{contact_id}/messages", response=ListOf[MessageOut], operation_id="list_messages"
)
def list_messages(
    request: MemberRequest, contact_id: UUID, window: Query[Window]
) -> dict[str, Any]:
    """All messages with the contact, newest first."""
    rows = queries.list_messages(member=request.auth, contact_id=contact_id)
    return list_answer(rows, MessageOut.of, order=MESSAGE_ORDER, window=window)


@router.get(
    "/contacts/{contact_id}/analyses", response=ListOf[AnalysisOut], operation_id="list_analyses"
)
def list_analyses(
    request: MemberRequest, contact_id: UUID, window: Query[Window]
) -> dict[str, Any]:
    """What the AI said of the contact, newest first."""
    rows = analyses.list_analyses(member=request.auth, contact_id=contact_id)
    return list_answer(rows, AnalysisOut.of, order=NEWEST_FIRST, window=window)


@router.get(
    "/contacts/{contact_id}/referrals",
    response=ListOf[ReferralOut],
    operation_id="list_referrals",
)
def list_referrals(request: MemberRequest, contact_id: UUID) -> dict[str, Any]:
    """The ads and links by which the contact came, newest first: the very first and the latest 19."""
    contact = queries.get_contact(member=request.auth, contact_id=contact_id)
    return {"items": [ReferralOut.of(told) for told in reversed(contact.referrals)]}


@router.get("/contacts/{contact_id}/notes", response=ListOf[NoteOut], operation_id="list_notes")
def list_notes(request: MemberRequest, contact_id: UUID, window: Query[Window]) -> dict[str, Any]:
    """The contact's notes, newest first."""
    rows = queries.list_notes(member=request.auth, contact_id=contact_id)
    return list_answer(rows, NoteOut.of, order=NEWEST_FIRST, window=window)


@router.post("/contacts/{contact_id}/notes", response={201: NoteOut}, operation_id="add_note")
def add_note(request: MemberRequest, contact_id: UUID, body: NoteIn) -> Answer:
    """Write down a note."""
    note = services.add_note(
        member=request.auth, contact_id=contact_id, text=body.text, now=clock.now()
    )
    return created(NoteOut.of(note))


@router.patch(
    "/contacts/{contact_id}/notes/{note_id}", response=NoteOut, operation_id="change_note"
)
def change_note(request: MemberRequest, contact_id: UUID, note_id: UUID, body: NoteIn) -> NoteOut:
    """Reword a note."""
    note = services.change_note(
        member=request.auth, contact_id=contact_id, note_id=note_id, text=body.text
    )
    return NoteOut.of(note)


@router.delete(
    "/contacts/{contact_id}/notes/{note_id}", response={204: None}, operation_id="delete_note"
)
def delete_note(request: MemberRequest, contact_id: UUID, note_id: UUID) -> Answer:
    """Remove a note."""
    services.delete_note(member=request.auth, contact_id=contact_id, note_id=note_id)
    return no_content()


@router.get("/contacts/{contact_id}/tasks", response=ListOf[TaskOut], operation_id="list_tasks")
def list_tasks(request: MemberRequest, contact_id: UUID, window: Query[Window]) -> dict[str, Any]:
    """The contact's tasks, open and done, newest first."""
    rows = queries.list_tasks(member=request.auth, contact_id=contact_id)
    return list_answer(rows, TaskOut.of, order=NEWEST_FIRST, window=window)


@router.post("/contacts/{contact_id}/tasks", response={201: TaskOut}, operation_id="create_task")
def create_task(request: MemberRequest, contact_id: UUID, body: TaskIn) -> Answer:
    """Write down something to do."""
    task = services.create_task(
        member=request.auth,
        contact_id=contact_id,
        title=body.title,
        due_at=body.due_at,
        assignee_id=body.assignee_id,
        now=clock.now(),
    )
    return created(TaskOut.of(task))


@router.patch(
    "/contacts/{contact_id}/tasks/{task_id}", response=TaskOut, operation_id="update_task"
)
def update_task(
    request: MemberRequest, contact_id: UUID, task_id: UUID, body: TaskPatch
) -> TaskOut:
    """Change a task's title, due time or assignee."""
    task = services.update_task(
        member=request.auth, contact_id=contact_id, task_id=task_id, changes=body.changes()
    )
    return TaskOut.of(task)


@router.post(
    "/contacts/{contact_id}/tasks/{task_id}/complete",
    response=TaskOut,
    operation_id="complete_task",
)
def complete_task(request: MemberRequest, contact_id: UUID, task_id: UUID) -> TaskOut:
    """Mark a task as done."""
    task = services.complete_task(
        member=request.auth, contact_id=contact_id, task_id=task_id, now=clock.now()
    )
    return TaskOut.of(task)


@router.post(
    "/contacts/{contact_id}/tasks/{task_id}/reopen", response=TaskOut, operation_id="reopen_task"
)
def reopen_task(request: MemberRequest, contact_id: UUID, task_id: UUID) -> TaskOut:
    """Mark a task as still to do."""
    return TaskOut.of(
        services.reopen_task(member=request.auth, contact_id=contact_id, task_id=task_id)
    )


@router.delete(
    "/contacts/{contact_id}/tasks/{task_id}", response={204: None}, operation_id="delete_task"
)
def delete_task(request: MemberRequest, contact_id: UUID, task_id: UUID) -> Answer:
    """Remove a task."""
    services.delete_task(member=request.auth, contact_id=contact_id, task_id=task_id)
    return no_content()


@router.get("/contacts/{contact_id}/tags", response=ListOf[str], operation_id="list_contact_tags")
def list_contact_tags(request: MemberRequest, contact_id: UUID) -> dict[str, Any]:
    """The contact's tags, all of them."""
    contact = queries.get_contact(member=request.auth, contact_id=contact_id)
    return {"items": contact.tags}


@router.post("/contacts/{contact_id}/tags", response=ContactOut, operation_id="add_tags")
def add_tags(request: MemberRequest, contact_id: UUID, body: TagsIn) -> ContactOut:
    """Put tags on a contact; those it has already are kept once."""
    contact = services.add_tags(
        member=request.auth, contact_id=contact_id, tags=body.tags, now=clock.now()
    )
    return ContactOut.of(contact)


@router.delete("/contacts/{contact_id}/tags/{tag}", response=ContactOut, operation_id="remove_tag")
def remove_tag(request: MemberRequest, contact_id: UUID, tag: str) -> ContactOut:
    """Take a tag off a contact; nothing happens if it isn't there."""
    contact = services.remove_tag(
        member=request.auth, contact_id=contact_id, tag=tag, now=clock.now()
    )
    return ContactOut.of(contact)
