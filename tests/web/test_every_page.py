"""Each address of the pages, seen by nobody, by a stranger and by a weak role: refused, and nothing changed."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, reverse
from django.urls.converters import IntConverter

from hirocrm.contacts.services import save_view
from hirocrm.core import clock
from hirocrm.inbox.models import Upload
from hirocrm.meta.models import Login
from hirocrm.web import urls
from tests.api.world import World, build_world

pytestmark = pytest.mark.django_db

# Open to everybody, or found by a secret instead of by who is signed in; each has tests of its own.
PUBLIC = {
    "sign-in-by-link", "choose-theme", "join", "meta-deauthorize", "meta-data-deletion",
    "deletion-status", "facebook-callback", "instagram-callback", "design", "design-move",
}  # fmt: skip
# What a POST sends, where an empty form would be refused before anybody asks who sent it.
FORMS: dict[str, dict[str, str]] = {
    "contact-move": {"stage": "{stage_id}"},
    "contact-correct": {"stage": "{stage_id}"},
    "contact-undo": {},
    "contact-edit": {"first_name": "Mallory"},
    "contact-notes": {"text": "Mine now"},
    "contact-tasks": {"title": "Mine now"},
    "contact-tags": {"tags": "mine"},
    "contact-tag-remove": {"tag": "vip"},
    "contact-task": {"action": "done"},
    "contacts-move": {"all_matching": "1", "query": "", "stage": "{stage_id}"},
    "contacts-tag": {"all_matching": "1", "query": "", "tags": "mine"},
    "contacts-untag": {"all_matching": "1", "query": "", "tags": "vip"},
    "contacts-delete": {"all_matching": "1", "query": ""},
    "contacts-reanalyze": {"all_matching": "1", "query": ""},
    "contacts-estimate": {"all_matching": "1", "query": ""},
    "saved-view-save": {"name": "Mine", "shared": "1"},
    "pipeline": {"name": "Mine"},
    "pipeline-add": {"template": "sales"},
    "stage-add": {"name": "Mine", "type": "LEAD", "color": "#2563eb"},
    "stage": {"name": "Mine", "type": "LEAD", "color": "#2563eb"},
    "stage-order": {"down": "{stage_id}"},
    "example-add": {"excerpt": "Mine", "stage": "New"},
    "settings": {"name": "Mine", "language": "en", "time_zone": "UTC"},
    "members": {"email": "mallory@example.com", "role": "agent"},
    "member-role": {"role": "owner"},
    "ai-settings": {"provider": "gemini", "key": "AIza" + "z" * 35},
    "ai-ceiling": {"monthly_ceiling": "1"},
    "tokens": {"name": "Mine", "scope": "read"},
    "inbox-send": {"text": "Mine now"},
    "inbox-state": {"action": "close"},
    "quick-replies": {"shortcut": "mine", "text": "Mine"},
    "quick-reply": {"shortcut": "mine", "text": "Mine"},
    "review-answer": {"stage": "{stage_id}"},
    "page-connect": {"page_id": "666", "page_access_token": "t", "page_name": "Mine"},
    "page-settings": {
        "auto_pipeline_mode": "UPDATE_EXISTING",
        "auto_pipeline_confidence_min": "1",
        "keep_manual_moves_days": "0",
        "sync_schedule": "off",
    },
}
AT = {"contact-undo", "contacts-undo", "contacts-tag-undo", "contacts-untag-undo", "review-undo"}
# A viewer may: look at estimates, have a token that does no more than themselves, and leave.
VIEWERS_MAY = {"contacts-estimate", "contacts-export", "tokens", "start", "organization-choose"}


THEIR_OWN = {"saved-view-delete", "token-revoke"}  # somebody else's is not found
ANSWERED = {"review-answer"}  # who comes second is led to the next question


class Address(NamedTuple):
    name: str
    parameters: tuple[str, ...]


def addresses(patterns: list[Any]) -> Iterator[Address]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name not in PUBLIC:
            yield Address(str(one.name), tuple(one.pattern.converters))


ALL = sorted(set(addresses(urls.urlpatterns)))
WITH_ID = [
    one for one in ALL if set(one.parameters) - {"place", "step"} and one.name not in ANSWERED
]


@pytest.fixture
def world(owner) -> World:
    """One of everything in the owner's organization."""
    found = build_world(owner)
    now = clock.now()
    view = save_view(member=owner, name="Hot", query="min=80", is_shared=True, now=now)
    upload = Upload.objects.create(
        organization=owner.organization, name="a.png", content_type="image/png", kind="image",
        size=1, content=b"x", created_at=now,
    )  # fmt: skip
    login = Login.objects.create(
        organization=owner.organization,
        member=owner,
        session_hash="x",
        created_at=now,
        expires_at=now,
    )
    found.path |= {
        "view_id": str(view.id),
        "upload_id": str(upload.id),
        "login_id": str(login.id),
        "organization_id": str(owner.organization_id),
        "place": "0",
        "step": "try_ai",
    }
    return found


def path_of(address: Address, world: World) -> str:
    values = {name: world.path[name] for name in address.parameters}
    path = reverse(
        address.name,
        kwargs={k: IntConverter().to_python(v) if k == "place" else v for k, v in values.items()},
    )
    return f"{path}?at=2026-03-01T00:00:00Z" if address.name in AT else path


def form_of(address: Address, world: World) -> dict[str, str]:
    return {
        name: value.format_map(world.path) if value.startswith("{") else value
        for name, value in FORMS.get(address.name, {}).items()
    }


def rows_of(organization_id: UUID) -> dict[str, str]:
    """A mark of everything that belongs to the organization, table by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'organization_id' AND table_schema = current_schema()"
        )
        tables = sorted(row[0] for row in cursor.fetchall())
        found = {}
        for table in tables:
            cursor.execute(
                f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'  # noqa: S608  # a name of our own
                " WHERE organization_id = %s",
                [organization_id],
            )
            found[table] = cursor.fetchone()[0] or ""
        return found


class TestEveryPage:
    def test_leads_who_is_signed_out_to_the_sign_in_page(self, client, world):
        faults = []
        for one in ALL:
            for send in (client.get, client.post):
                answer = send(path_of(one, world), form_of(one, world))
                if answer.status_code == 405:
                    continue
                if answer.status_code != 302 or "/accounts/login/" not in answer["Location"]:
                    faults.append((one.name, send.__name__, answer.status_code))

        assert faults == []

    def test_hides_what_is_another_organizations(self, sign_in, world, stranger):
        client = sign_in(stranger)
        before = rows_of(world.owner.organization_id)
        faults = []
        for one in WITH_ID:
            for send in (client.get, client.post):
                answer = send(path_of(one, world), form_of(one, world))
                if answer.status_code not in {404, 405}:
                    faults.append((one.name, send.__name__, answer.status_code))
        after = rows_of(world.owner.organization_id)

        assert faults == []
        assert [table for table in before if before[table] != after[table]] == []

    def test_refuses_a_viewer_who_would_write(self, sign_in, world, viewer):
        client = sign_in(viewer)
        before = rows_of(world.owner.organization_id)
        faults = []
        for one in ALL:
            if one.name in VIEWERS_MAY:
                continue
            answer = client.post(path_of(one, world), form_of(one, world))
            if answer.status_code not in ({404} if one.name in THEIR_OWN else {403, 405}):
                faults.append((one.name, answer.status_code))
        after = rows_of(world.owner.organization_id)

        assert faults == []
        assert [table for table in before if before[table] != after[table]] == []

    def test_keeps_private_pages_out_of_shared_caches(self, sign_in, world):
        client = sign_in(world.owner)
        faults = []
        for one in ALL:
            if one.name in {"live-events", "connect-facebook", "connect-instagram"}:
                continue
            answer = client.get(path_of(one, world))
            if answer.status_code == 200 and "private" not in answer.headers.get(
                "Cache-Control", ""
            ):
                faults.append((one.name, answer.headers.get("Cache-Control")))

        assert faults == []


class TestForeignIdsInForms:
    """Ids of another organization in a form's fields are refused like unknown ones, and nothing is written."""

    @pytest.fixture
    def mine(self, stranger, shop_of) -> Any:
        return shop_of(stranger)

    @pytest.fixture
    def shop_of(self) -> Any:
        from tests.web.shops import make_shop

        return make_shop

    def test_change_nothing_on_either_side(self, sign_in, world, stranger, mine):
        contact = mine.contact(mine.new)
        client = sign_in(stranger)
        foreign = world.path
        before = rows_of(world.owner.organization_id), rows_of(stranger.organization_id)
        own = {"args": [contact.id]}
        ids = {"ids": [str(contact.id)]}
        sent = [
            (reverse("contact-move", **own), {"stage": foreign["stage_id"]}),
            (reverse("contact-correct", **own), {"stage": foreign["stage_id"]}),
            (reverse("contacts-move"), {**ids, "stage": foreign["stage_id"]}),
            (reverse("contacts-move"), {"ids": [foreign["contact_id"]], "stage": foreign["stage_id"]}),
            (reverse("stage-order", args=[mine.pipeline.id]), {"stage": [foreign["stage_id"]]}),
            (reverse("stage-delete", args=[mine.pipeline.id, mine.new.id]), {"move_to": foreign["stage_id"]}),
            (reverse("stage-delete", args=[mine.pipeline.id, foreign["stage_id"]]), {"move_to": str(mine.won.id)}),
            (reverse("stage", args=[mine.pipeline.id, foreign["stage_id"]]), FORMS["stage"]),
            (
                reverse("page-settings", args=[mine.page.id]),
                {**FORMS["page-settings"], "auto_pipeline_id": foreign["pipeline_id"]},
            ),
            (reverse("contact-note-delete", args=[contact.id, foreign["note_id"]]), {}),
            (reverse("contact-task", args=[contact.id, foreign["task_id"]]), {"action": "remove"}),
            (reverse("contact-undo", **own) + "?at=bad", {}),
            (reverse("review-answer", args=[foreign["suggestion_id"]]), {"stage": str(mine.won.id)}),
        ]  # fmt: skip

        answers = [(path, client.post(path, form).status_code) for path, form in sent]

        led_on = (sent[-1][0], 302)  # to the next question, as if somebody had answered this one
        assert [one for one in answers if one[1] not in {400, 404, 422}] == [led_on]
        assert (rows_of(world.owner.organization_id), rows_of(stranger.organization_id)) == before

    def test_erase_and_tag_nobody_elsewhere(self, sign_in, world, stranger, mine):
        client = sign_in(stranger)
        before = rows_of(world.owner.organization_id)

        for name, form in (
            ("contacts-tag", {"tags": "mine"}),
            ("contacts-untag", {"tags": "vip"}),
            ("contacts-delete", {}),
            ("contacts-reanalyze", {}),
        ):
            client.post(reverse(name), {**form, "ids": [world.path["contact_id"]]})
            everyone = {**form, "all_matching": "1", "query": f"stage={world.path['stage_id']}"}
            client.post(reverse(name), everyone)

        assert rows_of(world.owner.organization_id) == before

    def test_assign_a_conversation_to_no_stranger(self, sign_in, world, stranger):
        path = reverse("inbox-state", args=[world.path["conversation_id"]])

        for assignee in (stranger.id, uuid4()):
            sent = {"action": "assign", "assignee": str(assignee)}
            assert sign_in(world.owner).post(path, sent).status_code == 400
