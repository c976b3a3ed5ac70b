"""Connecting by logging in: to Meta's dialog, back, choosing, and the first sync."""

import html
import re

import pytest
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.meta import choosing
from hirocrm.meta.models import FoundPage, Login, Page, WebhookHealth
from hirocrm.meta.requirements import LOGIN_SCOPES
from hirocrm.sync import first as starting
from hirocrm.sync.models import SyncRun
from tests.factories import PageFactory, PipelineFactory, SyncRunFactory

CLOSET, BAKERY, PLUMBER = "110000000000001", "110000000000002", "110000000000003"
INSTAGRAM = "17841400000000001"
ALL = [CLOSET, BAKERY, PLUMBER]


@pytest.fixture
def pages(sandbox):
    sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    sandbox.graph.add_page(BAKERY, "Bakery Ñandú", tasks=["ANALYZE", "MESSAGING"])
    sandbox.graph.add_page(PLUMBER, "مقهى الزاوية")


def words(response) -> str:
    return html.unescape(re.sub(r"\s+", " ", response.text))


def log_in(client, consent, **fields):
    """As a person does: to the dialog, back, and on to the choice."""
    start = client.get(reverse("connect-facebook"))
    back = client.get(consent(start["Location"], **{"page": ALL, **fields}))
    return client.get(back["Location"]) if back.status_code == 302 else back


class TestDoors:
    def test_lead_to_the_dialogs(self, sandbox, sign_in, owner):
        text = sign_in(owner).get(reverse("page-connect")).text

        assert f'href="{reverse("connect-facebook")}"' in text
        assert f'href="{reverse("connect-instagram")}"' in text

    def test_explain_what_to_set_without_an_app(self, sign_in, owner, settings):
        settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = ""
        settings.BASE_URL = "https://crm.example"

        text = words(sign_in(owner).get(reverse("page-connect")))

        assert "Set FACEBOOK_APP_ID, FACEBOOK_APP_SECRET in HiroCRM's environment" in text
        assert "https://crm.example/connect/facebook/callback" in text
        assert "Check and connect" in text

    def test_a_start_without_an_app_comes_back_with_the_sentence(self, sign_in, owner, settings):
        settings.FACEBOOK_APP_ID = ""

        response = sign_in(owner).get(reverse("connect-facebook"), follow=True)

        assert "Set FACEBOOK_APP_ID" in response.text

    def test_are_shut_for_agents(self, sandbox, sign_in, agent):
        assert sign_in(agent).get(reverse("connect-facebook")).status_code == 403


class TestCallback:
    def test_leads_on_without_the_code_in_the_address(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        start = client.get(reverse("connect-facebook"))

        back = client.get(consent(start["Location"], page=ALL))

        assert (back.status_code, back["Location"]) == (
            302,
            reverse("connect-choose", args=[Login.objects.get().pk]),
        )
        assert back["Cache-Control"].startswith("max-age=0, no-cache, no-store")

    def test_declining_is_told_plainly(self, pages, sign_in, owner, consent):
        response = log_in(sign_in(owner), consent, answer="no")

        assert response.status_code == 200
        text = words(response)
        assert "You didn't continue at Facebook." in text
        assert text.lower().count("nothing was connected") == 1
        assert f"{reverse('connect-facebook')}?again=1" in response.text

    def test_instagram_is_called_by_its_name(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        start = client.get(reverse("connect-instagram"))

        response = client.get(consent(start["Location"], answer="no"))

        assert "You didn't continue at Instagram." in words(response)

    def test_who_was_signed_out_takes_no_code_along(self, pages, sign_in, owner, consent, client):
        answer = consent(sign_in(owner).get(reverse("connect-facebook"))["Location"], page=ALL)

        response = client.get(answer)

        assert response["Location"] == (
            f"{reverse('account_login')}?next={reverse('page-connect')}"
        )

    def test_a_replayed_answer_is_refused(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        answer = consent(client.get(reverse("connect-facebook"))["Location"], page=ALL)
        client.get(answer)

        response = client.get(answer)

        assert response.status_code == 400
        assert "This login was finished already." in words(response)
        assert FoundPage.objects.count() == 3

    def test_a_foreign_answer_is_refused(self, pages, sign_in, owner, admin, consent):
        answer = consent(sign_in(admin).get(reverse("connect-facebook"))["Location"], page=ALL)

        response = sign_in(owner).get(answer)

        assert response.status_code == 400
        assert "doesn't belong to a login" in words(response)

    def test_meta_being_down_is_told(self, pages, sandbox, sign_in, owner, consent):
        client = sign_in(owner)
        answer = consent(client.get(reverse("connect-facebook"))["Location"], page=ALL)
        sandbox.graph.breaks("html_502", match={"op": "accounts"})

        response = client.get(answer)

        assert response.status_code == 502
        assert (
            "Facebook couldn't be asked just now, or its answer couldn't be read. Start again in a moment."
            in words(response)
        )

    @pytest.fixture
    def coming_back(self, pages, sign_in, owner, consent):
        """Somebody who agreed at Facebook; called, their way back."""
        client = sign_in(owner)
        answer = consent(client.get(reverse("connect-facebook"))["Location"], page=ALL)
        return lambda: client.get(answer)

    @pytest.mark.parametrize(
        ("code", "sentence"),
        [
            (4, "Facebook answers this app no more calls for a while. Start again in some minutes."),
            (190, "Facebook ended this login before HiroCRM could read what it opens. Start again."),
            (10, "Facebook doesn't let this login see what it opens. Start again and leave every box ticked."),
        ],
    )  # fmt: skip
    def test_a_refusal_is_told_as_what_it_means_for_a_login(
        self, coming_back, sandbox, code, sentence
    ):
        sandbox.graph.refuses(code=code, match={"op": "accounts"})

        text = words(coming_back())

        assert sentence in text
        assert "Reconnect the Page" not in text
        assert "by itself" not in text

    def test_a_wrong_app_secret_is_named(self, coming_back, settings):
        settings.FACEBOOK_APP_SECRET = "mistyped"

        response = coming_back()

        assert response.status_code == 400
        assert "set FACEBOOK_APP_SECRET to the one of the app FACEBOOK_APP_ID" in words(response)


class TestChoose:
    def test_shows_what_there_is_and_never_a_token(self, pages, sign_in, owner, consent):
        response = log_in(sign_in(owner), consent)

        text = words(response)
        assert "@anas.closet" in text
        assert "مقهى الزاوية" in text
        assert "You lack these tasks on the Page: Community activity." in text
        assert "SANDBOX" not in text
        assert re.findall(r'value="(\d+)" checked', text) == ALL

    def test_survives_a_reload(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        first = log_in(client, consent)

        assert words(client.get(first.request["PATH_INFO"])).count('name="page"') == 3

    def test_marks_whose_pages_are_taken(self, pages, sign_in, owner, consent):
        PageFactory(remote_id=CLOSET)
        PageFactory(organization=owner.organization, remote_id=BAKERY, state="needs_reconnect")
        PageFactory(organization=owner.organization, remote_id=PLUMBER)

        text = words(log_in(sign_in(owner), consent))

        assert "It is connected to another organization of this HiroCRM." in text
        assert "Needs reconnecting" in text
        assert re.findall(r'value="(\d+)" checked', text) == [BAKERY]

    def test_explains_declined_permissions(self, pages, sign_in, owner, consent):
        granted = ["pages_show_list", "pages_messaging", "pages_manage_metadata",
                   "pages_read_engagement", "instagram_basic", "business_management"]  # fmt: skip

        text = words(log_in(sign_in(owner), consent, scope=granted))

        assert "Some permissions were not given" in text
        assert "read and answer Instagram conversations" in text
        assert f'href="{reverse("connect-facebook")}?again=1">Ask Facebook again' in text

    def test_says_which_permissions_were_given_for_other_pages_only(
        self, pages, sign_in, owner, consent
    ):
        given = {
            "only:pages_messaging": [BAKERY, PLUMBER],
            "only:instagram_manage_messages": BAKERY,
        }

        text = words(log_in(sign_in(owner), consent, **given))

        closet, bakery, plumber = re.findall(r'<label class="flex items-start.*?</label>', text)
        assert (
            "Not given for this Page: read and answer Messenger conversations;"
            " read and answer Instagram conversations." in closet
        )
        # Neither Page has an Instagram account.
        assert "Not given" not in bakery + plumber
        assert "Some permissions were not given" not in text

    def test_explains_that_portfolios_need_a_permission(self, pages, sign_in, owner, consent):
        granted = [scope for scope in LOGIN_SCOPES if scope != "business_management"]

        text = words(log_in(sign_in(owner), consent, scope=granted))

        assert "Some permissions were not given" in text
        assert "see Pages that belong to a business portfolio <code" in text
        assert text.count("</code>") == 1

    def test_searches_and_keeps_what_is_ticked(self, sandbox, sign_in, owner, consent):
        ids = [f"12{number:013}" for number in range(130)]
        for number, page_id in enumerate(ids):
            sandbox.graph.add_page(page_id, f"Shop {number:03}")
        client = sign_in(owner)
        first = log_in(client, consent, page=ids)
        assert "The first 100 of 130 Pages" in words(first)
        assert not re.findall(r'value="\d+" checked', first.text)

        found = client.post(
            first.request["PATH_INFO"], {"page": [ids[3]], "do": "search", "q": "shop 12"}
        )

        text = words(found)
        assert re.findall(r'value="(\d+)" checked', text) == [ids[3]]
        assert "10 Pages. What you tick stays ticked." in text
        assert text.count('name="page"') == 11

    def test_without_a_page_says_why(self, pages, sign_in, owner, consent):
        assert "Facebook showed no Page" in words(log_in(sign_in(owner), consent, page=[]))

    def test_asks_for_at_least_one(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        first = log_in(client, consent)

        response = client.post(first.request["PATH_INFO"], {"do": "connect"})

        assert response.status_code == 422
        assert "Choose at least one Page." in words(response)

    def test_is_a_404_for_anybody_else(self, pages, sign_in, owner, stranger, consent):
        first = log_in(sign_in(owner), consent)

        assert sign_in(stranger).get(first.request["PATH_INFO"]).status_code == 404

    def test_connects_and_leads_to_the_first_sync(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        first = log_in(client, consent)

        response = client.post(
            first.request["PATH_INFO"], {"do": "connect", "page": [CLOSET, BAKERY]}
        )

        ids = [str(page.pk) for page in Page.objects.order_by("name")]
        assert response["Location"] == f"{reverse('first-sync')}?page={ids[0]}&page={ids[1]}"
        assert not Login.objects.exists()

    def test_a_reconnected_page_catches_up(self, pages, sign_in, owner, consent, now):
        PageFactory(
            organization=owner.organization, remote_id=CLOSET, state="needs_reconnect", last_synced_at=now
        )  # fmt: skip
        client = sign_in(owner)
        first = log_in(client, consent)

        response = client.post(first.request["PATH_INFO"], {"do": "connect", "page": CLOSET})

        assert response["Location"] == reverse("pages")
        assert SyncRun.objects.get().full is False

    def test_a_first_sync_that_a_dead_token_ended_goes_on_after_reconnecting(
        self, pages, sign_in, owner, consent, now
    ):
        page = PageFactory(
            organization=owner.organization, remote_id=CLOSET, state="needs_reconnect"
        )
        begun = {"since": "2025-10-01T00:00:00+00:00", "asked": True}
        SyncRunFactory(page=page, status="token_expired", finished_at=now, options=begun)
        client = sign_in(owner)
        first = log_in(client, consent)

        response = client.post(first.request["PATH_INFO"], {"do": "connect", "page": CLOSET})

        assert response["Location"] == reverse("pages")
        run = SyncRun.objects.get(finished_at=None)
        assert (run.page, run.options, run.started_by) == (page, begun, owner)


def add_shops(sandbox, count: int) -> list[str]:
    ids = [f"12{number:013}" for number in range(count)]
    for number, page_id in enumerate(ids):
        sandbox.graph.add_page(page_id, f"Shop {number:03}")
    return ids


def connect_the_rest(login: Login, now) -> None:
    """What the worker does."""
    job = ProcrastinateJob.objects.filter(task_name="meta.connect_chosen").latest("id")
    assert (job.args, job.scheduled_at) == ({"login_id": str(login.pk)}, None)
    while choosing.connect_portion(login, now=now).left:
        pass


class TestManyPages:
    def test_all_are_connected_however_many(self, sandbox, sign_in, owner, consent, now):
        ids = add_shops(sandbox, 130)
        PageFactory(remote_id=ids[0])  # another organization's
        client = sign_in(owner)
        first = log_in(client, consent, page=ids)
        assert "All 129 Pages" in words(first)
        assert words(first).index("Shop 001") < words(first).index("Shop 099")
        assert "Shop 000" not in words(first)  # what can't be chosen comes last

        response = client.post(first.request["PATH_INFO"], {"do": "connect", "all": "1"})

        login = Login.objects.get()
        assert response["Location"] == reverse("connect-progress", args=[login.pk])
        assert Page.objects.filter(organization=owner.organization).count() == choosing.PORTION
        text = words(client.get(response["Location"]))
        assert "20 of 129" in text
        assert 'hx-trigger="load delay:2s"' in text
        connect_the_rest(login, now)
        assert Page.objects.filter(organization=owner.organization).count() == 129
        assert not FoundPage.objects.exclude(access_token="").exists()
        done = words(client.get(response["Location"], headers={"HX-Request": "true"}))
        assert "All Pages are connected." in done
        assert "<h1" not in done
        assert f"{reverse('first-sync')}?login={login.pk}" in done
        assert client.get(first.request["PATH_INFO"])["Location"] == response["Location"]

    def test_all_that_fit_a_search_and_one_more(self, sandbox, sign_in, owner, consent):
        ids = add_shops(sandbox, 30)
        client = sign_in(owner)
        first = log_in(client, consent, page=ids)
        found = client.post(first.request["PATH_INFO"], {"do": "search", "q": "shop 02"})
        assert "All 10 that fit the search" in words(found)

        client.post(
            first.request["PATH_INFO"],
            {"do": "connect", "all": "1", "matching": "shop 02", "page": ids[3]},
        )

        names = list(Page.objects.order_by("name").values_list("name", flat=True))
        assert names == ["Shop 003", *(f"Shop {number:03}" for number in range(20, 30))]

    def test_the_first_syncs_of_all_start(self, sandbox, sign_in, owner, consent, now):
        ids = add_shops(sandbox, 45)
        client = sign_in(owner)
        first = log_in(client, consent, page=ids)
        client.post(first.request["PATH_INFO"], {"do": "connect", "page": ids})
        login = Login.objects.get()
        connect_the_rest(login, now)
        offer = client.get(f"{reverse('first-sync')}?login={login.pk}")
        assert Page.objects.count() == 45
        assert "Bring in the conversations of 45 Pages" in words(offer)
        assert 'name="page"' not in offer.text

        client.post(reverse("first-sync"), {"login": login.pk, "depth": "30", "pipeline": ""})

        assert SyncRun.objects.count() == 20
        job = ProcrastinateJob.objects.get(task_name="sync.start_first_syncs")
        starting.go_on(**job.args, now=now)
        job = ProcrastinateJob.objects.filter(task_name="sync.start_first_syncs").latest("id")
        starting.go_on(**job.args, now=now)
        assert SyncRun.objects.values("page").distinct().count() == 45

    def test_pages_of_one_name_show_their_ids(self, pages, sandbox, sign_in, owner, consent):
        sandbox.graph.add_page("110000000000009", "Plumber")
        sandbox.graph.add_page("110000000000010", "plumber")

        text = words(
            log_in(sign_in(owner), consent, page=[CLOSET, "110000000000009", "110000000000010"])
        )

        assert "ID 110000000000009" in text
        assert "ID 110000000000010" in text
        assert f"ID {CLOSET}" not in text

    def test_a_page_without_a_token_is_refused(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        first = log_in(client, consent)
        FoundPage.objects.filter(remote_id=BAKERY).update(access_token="")

        response = client.post(
            first.request["PATH_INFO"], {"do": "connect", "page": [BAKERY]}, follow=True
        )

        assert "Bakery Ñandú: Facebook gave no token for it" in words(response)
        assert not Page.objects.exists()

    def test_an_id_that_cant_be_one_connects_nothing(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        first = log_in(client, consent)

        response = client.post(first.request["PATH_INFO"], {"do": "connect", "page": ["a\0b"]})

        assert response.status_code == 400
        assert not Page.objects.exists()


class TestInstagram:
    def test_connects_the_account(self, pages, sign_in, owner, consent):
        client = sign_in(owner)
        start = client.get(reverse("connect-instagram"))
        back = client.get(consent(start["Location"], account=INSTAGRAM))
        client.post(back["Location"], {"do": "connect", "page": INSTAGRAM})

        page = Page.objects.get()
        assert (page.flavour, page.remote_id, page.instagram_account_id) == (
            "instagram",
            INSTAGRAM,
            INSTAGRAM,
        )
        assert (page.name, page.instagram_username) == ("Ana's Closet", "anas.closet")
        assert page.token_expires_at is not None

    def test_connects_by_token(self, pages, sandbox, sign_in, owner):
        token = sandbox.graph.issue_token(CLOSET, kind="INSTAGRAM")

        sign_in(owner).post(
            reverse("page-connect"), {"flavour": "instagram", "instagram_access_token": token}
        )

        assert Page.objects.get().remote_id == INSTAGRAM

    def test_an_account_that_its_page_brought_cant_be_chosen(self, pages, sign_in, owner, consent):
        PageFactory(
            organization=owner.organization, remote_id=CLOSET, instagram_account_id=INSTAGRAM
        )
        client = sign_in(owner)
        start = client.get(reverse("connect-instagram"))

        text = words(
            client.get(client.get(consent(start["Location"], account=INSTAGRAM))["Location"])
        )

        assert "Its Instagram account is connected already" in text
        assert " disabled" in text

    def test_refuses_a_dead_token_at_its_field(self, pages, sign_in, owner):
        response = sign_in(owner).post(
            reverse("page-connect"),
            {"flavour": "instagram", "instagram_access_token": "IGAAdead1234"},
        )

        assert response.status_code == 422
        assert "Instagram doesn't take this token" in words(response)
        assert "IGAAdead1234" not in response.text


@pytest.fixture
def connected(pages, sandbox, owner) -> Page:
    sandbox.graph.add_synthetic(CLOSET, 250, newest_ago_ms=0, step_ms=12 * 3_600_000)
    token = sandbox.graph.issue_token(CLOSET)
    return PageFactory(organization=owner.organization, remote_id=CLOSET, access_token=token)


class TestFirstSync:
    def test_offers_depths_and_the_usual_pipeline(self, connected, sign_in, owner):
        pipeline = PipelineFactory(organization=owner.organization, is_default=True)

        text = words(sign_in(owner).get(f"{reverse('first-sync')}?page={connected.pk}"))

        assert 'value="90" checked' in text
        assert f'<option value="{pipeline.pk}" selected>' in text

    def test_estimates_each_depth_from_one_look(self, connected, sandbox, sign_in, owner):
        before = sandbox.control.count("graph.conversations")

        text = words(sign_in(owner).get(f"{reverse('first-sync-outlook')}?page={connected.pk}"))

        # Two a day: 100 were seen, of 250; beyond those it is a guess, and of everything a lower bound.
        figures = re.findall(r'<dd class="tabular-nums">(.*?) conversations', text)
        assert figures[0] == "60"
        assert re.fullmatch(r"≈ 18\d", figures[1])
        assert re.fullmatch(r"≈ 7[34]\d", figures[2])
        assert figures[3] == "> 100"
        assert sandbox.control.count("graph.conversations") - before == 1

    def test_says_what_kept_it_from_estimating(self, connected, sandbox, sign_in, owner):
        sandbox.graph.kills_token(CLOSET, 460)

        text = words(sign_in(owner).get(f"{reverse('first-sync-outlook')}?page={connected.pk}"))

        assert "password" in text
        connected.refresh_from_db()
        assert connected.state == "needs_reconnect"

    def test_starts_one_as_deep_as_asked(self, connected, sign_in, owner):
        pipeline = PipelineFactory(organization=owner.organization)

        response = sign_in(owner).post(
            reverse("first-sync"),
            {"page": connected.pk, "depth": "30", "pipeline": str(pipeline.pk)},
        )

        run = SyncRun.objects.get()
        connected.refresh_from_db()
        assert response["Location"] == reverse("run", args=[run.pk])
        assert sorted(run.options) == ["asked", "since"]
        assert connected.auto_pipeline_id == pipeline.pk

    def test_leaves_other_organizations_pages_out(self, connected, sign_in, stranger):
        response = sign_in(stranger).post(
            reverse("first-sync"), {"page": connected.pk, "depth": "all", "pipeline": ""}
        )

        assert response["Location"] == reverse("pages")
        assert not SyncRun.objects.exists()


class TestBanner:
    def test_tells_on_every_page_who_needs_reconnecting(self, connected, sign_in, owner):
        connected.state, connected.state_reason = "needs_reconnect", "The password was changed."
        connected.save()

        text = words(sign_in(owner).get(reverse("pipelines")))

        assert "Ana's Closet needs reconnecting" in text
        assert "The password was changed." in text
        assert f'href="{reverse("page-connect")}?page={CLOSET}">Reconnect' in text

    def test_says_permission_where_it_is_one(self, connected, sign_in, viewer):
        connected.state = "needs_permission"
        connected.save()

        text = words(sign_in(viewer).get(reverse("pipelines")))

        assert "Ana's Closet lacks a permission" in text
        assert "An owner or admin can do it." in text

    def test_says_that_the_app_was_removed_at_meta(self, connected, sign_in, owner):
        connected.state, connected.state_reason = "removed", "They removed the app on Facebook."
        connected.save()

        text = words(sign_in(owner).get(reverse("pipelines")))

        assert "The app was removed from Ana's Closet at Meta" in text
        assert "They removed the app on Facebook." in text

    def test_says_that_meta_blocks_a_page(self, connected, sign_in, owner):
        WebhookHealth.objects.create(
            page=connected,
            organization=owner.organization,
            policy_action="block",
            policy_reason="Spam",
        )
        client = sign_in(owner)

        text = words(client.get(reverse("pipelines")))
        card = words(client.get(reverse("pages")))

        assert "Meta doesn't let Ana's Closet send" in text
        assert "Blocked by Meta" in card
        assert "Meta's words: “Spam”" in card

    def test_a_warning_stands_on_the_card_alone(self, connected, sign_in, owner):
        WebhookHealth.objects.create(
            page=connected, organization=owner.organization, policy_action="warning"
        )
        client = sign_in(owner)

        assert "data-pages-in-need" not in client.get(reverse("pipelines")).text
        assert "Warned by Meta" in words(client.get(reverse("pages")))

    @pytest.mark.parametrize("state", ["healthy", "limited", "forgotten", "imported"])
    def test_is_silent_otherwise(self, connected, sign_in, owner, state):
        connected.state = state
        connected.save()

        assert "data-pages-in-need" not in sign_in(owner).get(reverse("pipelines")).text

    def test_is_the_organizations_own(self, connected, sign_in, stranger):
        connected.state = "needs_reconnect"
        connected.save()

        assert "data-pages-in-need" not in sign_in(stranger).get(reverse("pipelines")).text
