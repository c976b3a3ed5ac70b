"""Rows whose time can't be meant, as before times were checked: every page and answer still comes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import (
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
)

LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[LAST, FIRST, LAST - timedelta(hours=30)], ids=["last", "first", "late"])
def conversation(request, owner):
    at = request.param
    stage = StageFactory(pipeline=PipelineFactory(organization=owner.organization, is_default=True))
    page = PageFactory(organization=owner.organization, last_synced_at=at, limited_until=at)
    contact = ContactFactory(
        page=page,
        organization=owner.organization,
        stage=stage,
        pipeline=stage.pipeline,
        last_interaction_at=at,
        last_customer_message_at=at,
        customer_acted_at=at,
        stage_entered_at=at,
        moved_by_person_at=at,
    )
    conversation = ConversationFactory(
        contact=contact,
        last_message_at=at,
        last_customer_message_at=at,
        customer_acted_at=at,
        remote_updated_at=at,
        read_until=at,
        delivered_until=at,
        thread_owner_at=at,
    )
    MessageFactory(
        conversation=conversation,
        created_time=at,
        text="Hm po?",
        attachments=[{"type": "image", "url": "https://lookaside.fbsbx.com/x?oe=1"}],
    )
    return conversation


PAGES = (
    "/",
    "/board",
    "/contacts",
    "/contacts?sort=windowCloses",
    "/contacts?closing=1",
    "/contacts?waiting=1",
    "/inbox",
    "/inbox?folder=all",
    "/inbox?folder=closing",
    "/inbox?folder=waiting",
    "/inbox?window=open&folder=all",
    "/inbox?window=human&folder=all",
    "/inbox?window=closed&folder=all",
    "/pages",
    "/review",
    "/runs",
    "/contacts/{contact}",
    "/inbox/{conversation}",
    "/api/contacts",
    "/api/contacts/{contact}",
    "/api/contacts/{contact}/messages",
    "/api/conversations",
    "/api/conversations/{conversation}",
    "/api/facebook-pages",
)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Midway"])
def test_all_are_answered(sign_in, owner, conversation, zone):
    owner.organization.time_zone = zone
    owner.organization.save()
    client = sign_in(owner)
    client.raise_request_exception = False

    answers = {}
    for path in PAGES:
        address = path.format(contact=conversation.contact_id, conversation=conversation.id)
        answers[path] = client.get(address, follow=True).status_code

    assert {path: status for path, status in answers.items() if status != 200} == {}
