import pytest
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hirocrm.contacts.models import Contact
from hirocrm.pipelines.models import Pipeline
from hirocrm.sync.models import SyncRun
from tests.factories import (
    ActivityFactory,
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    PageFactory,
    PipelineFactory,
    StageFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization)


class TestContactShape:
    def test_is_exactly_as_promised(self, api, page, now):
        contact = ContactFactory(
            page=page,
            messenger_psid="p1",
            last_name="Cruz",
            ai_context="Asks for the price.",
            ai_context_updated_at=now,
            lead_score=70,
            sentiment="positive",
            tags=["vip"],
            last_interaction_at=now,
        )

        answer = api.get(f"/api/contacts/{contact.id}").json()

        assert answer.pop("createdAt").endswith("Z")
        assert answer.pop("updatedAt").endswith("Z")
        assert answer == {
            "id": str(contact.id),
            "messengerPSID": "p1",
            "instagramSID": None,
            "firstName": "Maria",
            "lastName": "Cruz",
            "hasMessenger": True,
            "hasInstagram": False,
            "aiContext": "Asks for the price.",
            "aiContextUpdatedAt": "2026-03-01T09:30:00Z",
            "pipelineId": None,
            "stageId": None,
            "stageEnteredAt": None,
            "leadScore": 70,
            "leadStatus": "NEW",
            "needsReview": False,
            "sentiment": "positive",
            "urgency": None,
            "lastInteraction": "2026-03-01T09:30:00Z",
            "tags": ["vip"],
            "organizationId": str(page.organization_id),
            "facebookPageId": str(page.id),
        }

    def test_of_messages_and_activities(self, api, page):
        contact = ContactFactory(page=page)
        message = MessageFactory(
            conversation__contact=contact,
            attachments=[{"type": "image", "url": "https://x", "title": None}],
            reactions=[{"sender": "customer", "emoji": "❤"}],
        )
        activity = ActivityFactory(contact=contact)

        (told,) = api.get(f"/api/contacts/{contact.id}/messages").json()["items"]
        (happened,) = api.get(f"/api/contacts/{contact.id}/activities").json()["items"]

        assert told == {
            "id": str(message.id),
            "messageId": message.remote_id,
            "conversationId": str(message.conversation_id),
            "platform": "messenger",
            "sender": "customer",
            "text": "hm po?",
            "attachments": [{"type": "image", "url": "https://x", "title": None}],
            "reactions": [{"sender": "customer", "emoji": "❤"}],
            "replyTo": None,
            "createdTime": "2026-01-01T00:00:00Z",
            "editedTime": None,
            "deletedTime": None,
            "source": "sync",
        }
        assert happened == {
            "id": str(activity.id),
            "type": "NOTE_ADDED",
            "title": "Note added",
            "description": "",
            "fromStageId": None,
            "toStageId": None,
            "userId": None,
            "metadata": {},
            "createdAt": "2026-01-01T00:00:00Z",
        }


class TestListContacts:
    def test_takes_the_same_queries_for_many(self, api, page):
        counts = []
        api.get("/api/me")  # the token's first use in a minute is written down
        for size in (1, 40):
            ContactFactory.create_batch(size, page=page)
            with CaptureQueriesContext(connection) as captured:
                api.get("/api/contacts?limit=100")
            counts.append(len(captured))

        assert counts == [3, 3]

    def test_takes_a_platform_as_runs_write_it(self, api, page):
        mine = ContactFactory(page=page, messenger_psid=None, instagram_sid="42")
        ContactFactory(page=page)

        found = api.get("/api/contacts?platform=Instagram").json()["items"]

        assert [contact["id"] for contact in found] == [str(mine.id)]

    @pytest.mark.parametrize(
        "query",
        [
            "sort=colour",
            "limit=0",
            "limit=201",
            "minScore=101",
            "pipelineId=x",
            "cursor=nonsense",
            "cursor=W10",
            "updatedSince=yesterday",
        ],
    )
    def test_refuses_what_it_can_not_take(self, api, query):
        assert api.get(f"/api/contacts?{query}").status_code == 422

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        scores=st.lists(st.none() | st.integers(0, 3), max_size=12),
        limit=st.integers(1, 5),
        sort=st.sampled_from(["-leadScore", "leadScore", "-lastInteraction", "name"]),
    )
    def test_gives_each_contact_once_whatever_the_limit(self, api, page, scores, limit, sort):
        Contact.objects.all().delete()
        ids = {str(ContactFactory(page=page, lead_score=score).id) for score in scores}

        seen, cursor = [], ""
        while cursor is not None:
            answer = api.get(f"/api/contacts?sort={sort}&limit={limit}&cursor={cursor}").json()
            seen += answer["items"]
            cursor = answer["nextCursor"]

        assert len(seen) == len(ids)
        assert {contact["id"] for contact in seen} == ids
        if sort == "-leadScore":
            assert [c["leadScore"] for c in seen] == sorted(
                scores, key=lambda s: -1 if s is None else s, reverse=True
            )


class TestMove:
    def test_refuses_a_stale_version(self, api, page):
        stage = StageFactory(pipeline=PipelineFactory(organization=page.organization))
        contact = ContactFactory(page=page, version=3)
        body = {"pipelineId": str(stage.pipeline_id), "stageId": str(stage.id)}

        stale = api.post(f"/api/contacts/{contact.id}/move", {**body, "version": 2})
        fresh = api.post(f"/api/contacts/{contact.id}/move", {**body, "version": 3})

        assert (stale.status_code, stale.json()["code"]) == (409, "contact_moved")
        assert stale.json()["version"] == 3
        assert (fresh.status_code, fresh.json()["stageId"]) == (200, str(stage.id))


class TestBulk:
    def test_works_on_what_a_filter_finds(self, api, page):
        ContactFactory(page=page, lead_score=80)
        ContactFactory(page=page, lead_score=20)

        answer = api.post("/api/contacts/bulk/tag", {"filter": {"minScore": 50}, "tags": ["hot"]})

        assert answer.json() == {"contacts": 1}
        assert Contact.objects.get(lead_score=80).tags == ["hot"]

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/contacts/bulk/delete", {}),
            ("/api/contacts/bulk/tag", {"tags": ["hot"]}),
            ("/api/contacts/bulk/untag", {"tags": ["cold"]}),
            ("/api/contacts/re-analyze", {}),
            ("/api/analysis/estimate", {}),
        ],
    )
    def test_refuses_the_whole_for_one_id_of_another_organization(self, api, page, path, body):
        own, foreign = ContactFactory(page=page, tags=["cold"]), ContactFactory()

        answer = api.post(path, {"contactIds": [str(own.id), str(foreign.id)], **body})

        assert (answer.status_code, answer.json()["code"]) == (404, "contact_not_found")
        assert [c.tags for c in Contact.objects.filter(page=page)] == [["cold"]]
        assert Contact.objects.count() == 2
        assert not SyncRun.objects.exists()

    def test_moves_nobody_for_one_id_of_another_organization(self, api, page):
        own, foreign = ContactFactory(page=page), ContactFactory()
        stage = StageFactory(pipeline__organization=page.organization)
        goal = {"pipelineId": str(stage.pipeline_id), "stageId": str(stage.id)}

        answer = api.post(
            "/api/contacts/bulk/move", {"contactIds": [str(own.id), str(foreign.id)], **goal}
        )

        assert answer.status_code == 404
        assert answer.json()["detail"] == (
            "Of these 2 contacts 1 can't be found, so nothing was changed."
        )
        assert Contact.objects.get(id=own.id).stage_id is None

    def test_estimates_by_query(self, api, page):
        own, foreign = ContactFactory(page=page), ContactFactory()

        both = f"contactIds={own.id}&contactIds={foreign.id}"
        answers = [
            api.get(f"/api/analysis/estimate{query}")
            for query in ("", "?minScore=5", f"?contactIds={own.id}", f"?{both}", "?minScore=x")
        ]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 422]
        assert answers[0].json().keys() == {
            "contacts", "calls", "tokens", "cost", "seconds", "callsToday"
        }  # fmt: skip

    @pytest.mark.parametrize("body", [{}, {"contactIds": [], "filter": {}}])
    def test_wants_one_way_of_naming(self, api, body):
        assert api.post("/api/contacts/bulk/delete", body).status_code == 422

    def test_estimates_a_reanalysis_without_starting_it(self, api, page):
        contact = ContactFactory(page=page)

        answer = api.post(
            "/api/contacts/re-analyze", {"contactIds": [str(contact.id)], "dryRun": True}
        )

        assert answer.status_code == 200
        assert answer.json() == {
            "contacts": 0, "calls": 0, "tokens": 0, "cost": 0.0, "seconds": 0, "callsToday": None
        }  # fmt: skip

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_a_reanalysis_of_anothers_contacts_alone_finds_none(self, api, stranger, dry_run):
        foreign = ContactFactory(page__organization=stranger.organization)

        answer = api.post(
            "/api/contacts/re-analyze", {"contactIds": [str(foreign.id)], "dryRun": dry_run}
        )

        assert (answer.status_code, answer.json()["code"]) == (404, "contact_not_found")

    def test_a_reanalysis_answers_like_a_sync(self, api, page):
        conversation = ConversationFactory(contact__page=page, has_text=True)

        answer = api.post(
            "/api/contacts/re-analyze",
            {"contactIds": [str(conversation.contact_id)]},
            headers={"Prefer": "wait=0"},
        )

        run = answer.json()
        assert (answer.status_code, run["success"], run["kind"], run["status"]) == (
            202, True, "reanalyze", "running",
        )  # fmt: skip


class TestPipelines:
    def test_is_made_with_its_stages_in_one_request(self, api):
        stages = [
            {"name": "Won", "type": "WON", "order": 1},
            {"name": "New", "type": "LEAD", "order": 0},
        ]

        answer = api.post("/api/pipelines", {"name": "Repairs", "stages": stages})

        made = answer.json()["stages"]
        assert answer.status_code == 201
        assert [(s["name"], s["type"], s["order"]) for s in made] == [
            ("New", "LEAD", 0),
            ("Won", "WON", 1),
        ]

    def test_two_stages_of_a_name_are_refused_and_nothing_is_made(self, api):
        stages = [{"name": "New"}, {"name": " new "}]

        answer = api.post("/api/pipelines", {"name": "Repairs", "stages": stages})

        assert (answer.status_code, answer.json()["field"]) == (409, "stages")
        assert not Pipeline.objects.filter(name="Repairs").exists()

    def test_a_template_has_its_own_stages(self, api):
        body = {"template": "support", "stages": [{"name": "New"}]}

        assert api.post("/api/pipelines", body).status_code == 422


class TestStages:
    def test_are_listed_in_order(self, api, owner):
        pipeline = PipelineFactory(organization=owner.organization)
        for order, name in ((2, "Won"), (1, "New")):
            StageFactory(pipeline=pipeline, name=name, order=order)
        foreign = PipelineFactory()

        answer = api.get(f"/api/pipelines/{pipeline.id}/stages")

        assert [stage["name"] for stage in answer.json()["items"]] == ["New", "Won"]
        assert api.get(f"/api/pipelines/{foreign.id}/stages").status_code == 404


class TestTags:
    def test_are_listed(self, api, page):
        contact = ContactFactory(page=page, tags=["vip", "hot"])

        answer = api.get(f"/api/contacts/{contact.id}/tags")

        assert answer.json() == {"items": ["vip", "hot"], "nextCursor": None}


class TestReferrals:
    def test_are_listed_newest_first(self, api, page):
        link = {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "promo1", "adId": "", "adTitle": "", "at": "2026-01-01T00:00:00+00:00"}  # fmt: skip
        ad = {"source": "ADS", "type": "", "ref": "", "adId": "238", "adTitle": "Sale", "at": "2026-01-02T00:00:00+00:00"}  # fmt: skip
        contact = ContactFactory(page=page, referrals=[link, ad])

        answer = api.get(f"/api/contacts/{contact.id}/referrals")

        assert answer.json() == {
            "items": [
                {"source": "ADS", "type": None, "ref": None, "adId": "238", "adTitle": "Sale", "at": "2026-01-02T00:00:00Z"},
                {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "promo1", "adId": None, "adTitle": None, "at": "2026-01-01T00:00:00Z"},
            ],
            "nextCursor": None,
        }  # fmt: skip


class TestCsv:
    def test_comes_in_as_text_or_json(self, api, page):
        text = f"pageId,messengerPSID,firstName\n{page.remote_id},p1,Ana\n"

        as_text = api.send(
            "POST", "/api/contacts/import", text, headers={"Content-Type": "text/csv"}
        )
        as_json = api.post("/api/contacts/import", {"csv": text})

        assert as_text.json() == {"created": 1, "updated": 0, "unchanged": 0, "errors": []}
        assert as_json.json() == {"created": 0, "updated": 0, "unchanged": 1, "errors": []}

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("thread_connections_closed")
    async def test_goes_out_as_a_stream(self, api, page):
        from asgiref.sync import sync_to_async

        await sync_to_async(ContactFactory)(page=page, first_name="Ana", tags=["vip"])

        answer = await AsyncClient().get("/api/contacts/export.csv?tag=vip", headers=api.headers)
        text = b"".join([chunk async for chunk in answer.streaming_content]).decode("utf-8-sig")

        header, row = text.splitlines()
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert header.startswith("id,pageId,pageName,messengerPSID")
        assert ",Ana," in row
