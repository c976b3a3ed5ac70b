"""Connecting with Facebook and Instagram, from the dialog's address to connected Pages."""

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.meta import choosing, errors, logins
from hirocrm.meta.login_dialog import DialogAnswer
from hirocrm.meta.models import ConnectionState, Flavour, FoundPage, Login, Page
from hirocrm.organizations.errors import RoleTooWeak
from tests.factories import ConversationFactory, PageFactory

SESSION = "session-of-this-browser"
CLOSET, BAKERY, PLUMBER = "110000000000001", "110000000000002", "110000000000003"
INSTAGRAM = "17841400000000001"
SCOPES = ("pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement",
          "instagram_basic", "instagram_manage_messages", "business_management")  # fmt: skip


@pytest.fixture
def pages(sandbox):
    sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    sandbox.graph.add_page(BAKERY, "Bakery Ñandú", tasks=["ANALYZE", "MESSAGING"])
    sandbox.graph.add_page(PLUMBER, "Plumber")


def consent(
    address: str, *, pages=(CLOSET, BAKERY), scopes=SCOPES, answer="yes", **more
) -> DialogAnswer:
    """What a person does at Meta's dialog, and what the browser brings back."""
    asked = parse_qs(urlsplit(address).query)
    fields = {"redirect_uri": asked["redirect_uri"][0], "state": asked["state"][0],
              "page": list(pages), "scope": list(scopes), "answer": answer, **more}  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    posted = httpx2.post(
        address.split("?", maxsplit=1)[0], content=urlencode(fields, doseq=True), headers=headers
    )
    back = {n: v[0] for n, v in parse_qs(urlsplit(posted.headers["location"]).query).items()}
    return DialogAnswer(
        state=back.get("state", ""), code=back.get("code", ""),
        error=back.get("error", ""), reason=back.get("error_reason", ""),
    )  # fmt: skip


def start(member, now, **more) -> str:
    return logins.start_login(member=member, session_key=SESSION, now=now, **more)


def finish(member, answer, now, *, session=SESSION, flavour=Flavour.PAGE) -> Login:
    return logins.finish_login(
        member=member, session_key=session, flavour=flavour, answer=answer, now=now
    )


class TestStartLogin:
    def test_leads_to_the_dialog(self, sandbox, owner, now):
        address = urlsplit(start(owner, now))

        query = {name: value[0] for name, value in parse_qs(address.query).items()}
        assert f"{address.scheme}://{address.netloc}" == sandbox.graph_url
        assert address.path == "/v25.0/dialog/oauth"
        assert query.pop("state")
        assert query == {
            "client_id": sandbox.app_id,
            "redirect_uri": "https://crm.example/connect/facebook/callback",
            "response_type": "code",
            "scope": ",".join(SCOPES),
        }

    def test_asks_again_for_what_was_declined(self, sandbox, owner, now):
        assert "auth_type=rerequest" in start(owner, now, ask_again=True)

    def test_sends_a_configuration_instead_of_scopes(self, sandbox, owner, now, settings):
        settings.FACEBOOK_LOGIN_CONFIG_ID = "4711"

        address = start(owner, now)

        assert "config_id=4711" in address
        assert "scope=" not in address

    def test_keeps_the_state_as_a_hash_only(self, sandbox, owner, now):
        state = parse_qs(urlsplit(start(owner, now)).query)["state"][0]

        login = Login.objects.get()
        assert state not in (login.state_hash, login.session_hash)
        assert len(login.state_hash) == 64

    def test_says_what_to_set_without_an_app(self, owner, now, settings):
        settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = ""

        with pytest.raises(
            errors.LoginNotConfigured, match="FACEBOOK_APP_ID and FACEBOOK_APP_SECRET"
        ):
            start(owner, now)

        assert not Login.objects.exists()

    def test_is_for_who_may_configure(self, sandbox, agent, now):
        with pytest.raises(RoleTooWeak):
            start(agent, now)


class TestFinishLogin:
    def test_keeps_the_pages_but_not_the_persons_token(self, pages, owner, now):
        login = finish(owner, consent(start(owner, now)), now)

        rows = list(FoundPage.objects.order_by("name"))
        assert [row.remote_id for row in rows] == [CLOSET, BAKERY]
        assert (rows[0].instagram_account_id, rows[0].instagram_username) == (
            INSTAGRAM,
            "anas.closet",
        )
        assert rows[0].access_token.startswith("EAASANDBOX")
        assert rows[1].tasks == ["ANALYZE", "MESSAGING"]
        assert login.remote_user_name == "Sandbox Owner"
        assert login.page_count == 2
        assert "USER" not in str(Login.objects.values_list())

    def test_tokens_are_encrypted_at_rest(self, pages, owner, now, django_assert_num_queries):
        finish(owner, consent(start(owner, now)), now)

        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT access_token FROM meta_foundpage")
            assert all("SANDBOX" not in row[0] for row in cursor.fetchall())

    def test_the_same_answer_counts_once(self, pages, owner, now):
        answer = consent(start(owner, now))
        finish(owner, answer, now)

        with pytest.raises(errors.LoginStale, match="finished already"):
            finish(owner, answer, now)

        assert FoundPage.objects.count() == 2

    def test_a_state_of_another_browser_is_refused(self, pages, owner, now):
        with pytest.raises(errors.LoginStale, match="doesn't belong"):
            finish(owner, consent(start(owner, now)), now, session="another")

    def test_a_state_of_another_member_is_refused(self, pages, owner, admin, stranger, now):
        answer = consent(start(owner, now))

        for other in (admin, stranger):
            with pytest.raises(errors.LoginStale):
                finish(other, answer, now)

    def test_a_made_up_state_is_refused(self, pages, owner, now):
        start(owner, now)

        with pytest.raises(errors.LoginStale):
            finish(owner, DialogAnswer(state="made-up", code="code"), now)

    def test_a_late_answer_is_refused(self, pages, owner, now):
        with pytest.raises(errors.LoginStale, match="too long"):
            finish(owner, consent(start(owner, now)), now + timedelta(minutes=11))

    def test_declining_is_no_error(self, pages, owner, now):
        with pytest.raises(errors.LoginDeclined, match="You didn't continue at Facebook"):
            finish(owner, consent(start(owner, now), answer="no"), now)

    def test_another_error_of_the_dialogs_is_told(self, pages, owner, now):
        state = consent(start(owner, now)).state

        with pytest.raises(errors.LoginFailed, match="server_error"):
            finish(owner, DialogAnswer(state=state, error="server_error"), now)

    def test_a_code_that_meta_doesnt_take_is_told(self, pages, owner, now):
        state = consent(start(owner, now)).state

        with pytest.raises(errors.LoginFailed, match="Start again"):
            finish(owner, DialogAnswer(state=state, code="used-before"), now)

        assert not FoundPage.objects.exists()

    def test_large_portfolios_are_read_in_smaller_pieces(self, sandbox, owner, now):
        for number in range(120):
            sandbox.graph.add_page(f"12{number:013}", f"Shop {number:03}")
        sandbox.graph.breaks("reduce_data", match={"op": "accounts"}, max_limit=25)

        login = finish(
            owner, consent(start(owner, now), pages=[f"12{n:013}" for n in range(120)]), now
        )

        assert login.page_count == 120
        found = logins.list_found_pages(login=login, search="shop 11")
        assert [row.name for row in found] == [f"Shop 11{n}" for n in range(10)]

    def test_scopes_hold_for_the_pages_they_name(self, pages, owner, now):
        few = [s for s in SCOPES if not s.startswith("instagram")]

        login = finish(owner, consent(start(owner, now), scopes=few), now)

        assert "instagram_basic" not in login.granted_scopes
        assert sorted(FoundPage.objects.get(remote_id=CLOSET).granted_scopes) == sorted(few)

    def test_instagram_gives_one_account(self, pages, owner, now):
        answer = consent(start(owner, now, flavour=Flavour.INSTAGRAM), account=INSTAGRAM)

        finish(owner, answer, now, flavour=Flavour.INSTAGRAM)

        row = FoundPage.objects.get()
        assert (row.remote_id, row.instagram_account_id) == (INSTAGRAM, INSTAGRAM)
        assert row.instagram_username == "anas.closet"
        assert row.access_token.startswith("IGAASANDBOX")
        assert row.granted_scopes == [
            "instagram_business_basic",
            "instagram_business_manage_messages",
        ]


@pytest.fixture
def login(pages, owner, now) -> Login:
    return finish(owner, consent(start(owner, now), pages=(CLOSET, BAKERY, PLUMBER)), now)


class TestConnectChosen:
    def test_connects_and_forgets_the_login(self, login, owner, now):
        choice = choosing.connect_chosen(
            member=owner, login_id=login.pk, remote_ids=[CLOSET, BAKERY], now=now
        )

        closet = Page.objects.get(remote_id=CLOSET)
        assert [page.name for page in choice.connected] == ["Ana's Closet", "Bakery Ñandú"]
        assert (closet.state, closet.connected_user_name) == ("healthy", "Sandbox Owner")
        assert "instagram_manage_messages" in closet.granted_scopes
        assert not Login.objects.exists()
        assert not FoundPage.objects.exists()
        assert ProcrastinateJob.objects.filter(task_name="meta.check_page").count() == 2

    def test_a_reconnect_keeps_everything(self, login, owner, now):
        page = PageFactory(
            organization=owner.organization, remote_id=CLOSET, state=ConnectionState.NEEDS_RECONNECT,
            auto_pipeline_confidence_min=77,
        )  # fmt: skip
        conversation = ConversationFactory(contact__page=page)

        choice = choosing.connect_chosen(
            member=owner, login_id=login.pk, remote_ids=[CLOSET], now=now
        )

        page.refresh_from_db()
        assert [found.pk for found in choice.reconnected] == [page.pk]
        assert (page.state, page.auto_pipeline_confidence_min) == ("healthy", 77)
        assert page.access_token != "page-token"
        assert page.conversations.get() == conversation

    def test_another_organizations_page_is_refused_and_the_others_connected(
        self, login, owner, now
    ):
        PageFactory(remote_id=CLOSET)

        choice = choosing.connect_chosen(
            member=owner, login_id=login.pk, remote_ids=[CLOSET, PLUMBER], now=now
        )

        assert [page.name for page in choice.connected] == ["Plumber"]
        assert choice.refused == [
            ("Ana's Closet", "This Page is connected to another organization of this HiroCRM.")
        ]

    def test_nothing_chosen_keeps_the_choice_open(self, login, owner, now):
        with pytest.raises(errors.LoginFailed, match="at least one"):
            choosing.connect_chosen(member=owner, login_id=login.pk, remote_ids=["999"], now=now)

        assert FoundPage.objects.count() == 3

    @pytest.mark.parametrize("who", ["admin", "stranger"])
    def test_a_login_is_its_members_own(self, login, who, now, request):
        with pytest.raises(errors.LoginNotFound):
            logins.get_login(member=request.getfixturevalue(who), login_id=login.pk, now=now)

    def test_waits_an_hour_and_is_erased(self, login, owner, now):
        later = now + timedelta(hours=1, seconds=1)

        with pytest.raises(errors.LoginNotFound):
            logins.get_login(member=owner, login_id=login.pk, now=later)

        assert logins.forget_expired(now=later) == 4
        assert not FoundPage.objects.exists()

    def test_holders_tell_of_others_only_that_there_are(self, login, owner, now):
        PageFactory(remote_id=CLOSET)
        PageFactory(organization=owner.organization, remote_id=BAKERY)

        holders = logins.find_holders(member=owner, found=list(login.found_pages.all()))

        assert (holders.ours, holders.others) == ({BAKERY: "healthy"}, frozenset({CLOSET}))
