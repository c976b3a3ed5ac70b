import pytest

from hirocrm.core.errors import (
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.error_table import RULES, WHEN_CHANGING, classify
from hirocrm.meta.graph.errors import Action, Refusal
from hirocrm.meta.graph.usage import PoolUsage, Usage

# (code, subcode) -> class, action; the rows of Meta's documents and of what others saw
TABLE = [
    (1, None, errors.GraphUnavailable, Action.RETRY),
    (1, 99, errors.GraphUnavailable, Action.RETRY),
    (1, 1357046, errors.GraphUnavailable, Action.RETRY),
    (2, None, errors.GraphUnavailable, Action.RETRY),
    (2, 2018344, errors.GraphPermissionMissing, Action.STOP),
    (3, None, errors.GraphPermissionMissing, Action.STOP),
    (4, None, errors.GraphRateLimited, Action.WAIT),
    (4, 2018022, errors.GraphRateLimited, Action.WAIT),
    (4, 1349210, errors.GraphRateLimited, Action.WAIT),
    (4, 1349212, errors.GraphRateLimited, Action.WAIT),
    (4, 2018354, errors.GraphRecipientUnreachable, Action.SKIP),
    (9, 2018352, errors.GraphRateLimited, Action.WAIT),
    (10, None, errors.GraphPermissionMissing, Action.RECONNECT),
    (10, 2018278, errors.GraphWindowClosed, Action.SKIP),
    (10, 2534022, errors.GraphWindowClosed, Action.SKIP),
    (10, 2018065, errors.GraphWindowClosed, Action.SKIP),
    (10, 2018108, errors.GraphRecipientUnreachable, Action.SKIP),
    (10, 1893063, errors.GraphAccountRestricted, Action.WAIT),
    (10, 1404170, errors.GraphRecipientUnreachable, Action.SKIP),
    (10, 1893015, errors.GraphRecipientUnreachable, Action.SKIP),
    (10, 2018336, errors.GraphRecipientUnreachable, Action.SKIP),
    (10, 2534077, errors.GraphInstagramNotLinked, Action.RECONNECT),
    (17, None, errors.GraphRateLimited, Action.WAIT),
    (17, 2446079, errors.GraphRateLimited, Action.WAIT),
    (32, None, errors.GraphRateLimited, Action.WAIT),
    (100, None, errors.GraphRejected, Action.STOP),
    (100, 33, errors.GraphObjectMissing, Action.SKIP),
    (100, 2018001, errors.GraphRecipientUnreachable, Action.SKIP),
    (100, 2534014, errors.GraphRecipientUnreachable, Action.SKIP),
    (9010, None, errors.GraphRecipientUnreachable, Action.SKIP),
    (100, 2534013, errors.GraphInstagramNotLinked, Action.STOP),
    (100, 2018008, errors.GraphRejected, Action.SKIP),
    (100, 2018047, errors.GraphRejected, Action.SKIP),
    (100, 2018074, errors.GraphRejected, Action.SKIP),
    (100, 2018109, errors.GraphRejected, Action.SKIP),
    (100, 2018294, errors.GraphRejected, Action.SKIP),
    (100, 2018014, errors.GraphRejected, Action.STOP),
    (100, 2018164, errors.GraphRejected, Action.STOP),
    (100, 2534015, errors.GraphRejected, Action.STOP),
    (100, 2534029, errors.GraphSendingBlocked, Action.STOP),
    (100, 2534037, errors.GraphThreadControlledElsewhere, Action.SKIP),
    (100, 2018247, errors.GraphProfileUnavailable, Action.SKIP),
    (2534068, None, errors.GraphRejected, Action.STOP),
    (100, 2534068, errors.GraphRejected, Action.STOP),
    (102, None, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, None, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 458, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 459, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 460, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 463, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 464, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 467, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 492, errors.GraphTokenInvalid, Action.RECONNECT),
    (190, 99999, errors.GraphTokenInvalid, Action.RECONNECT),
    (200, None, errors.GraphPermissionMissing, Action.RECONNECT),
    (200, 1545041, errors.GraphRecipientUnreachable, Action.SKIP),
    (551, None, errors.GraphRecipientUnreachable, Action.SKIP),
    (551, 1545041, errors.GraphRecipientUnreachable, Action.SKIP),
    (200, 2018027, errors.GraphAppNotLive, Action.STOP),
    (200, 2018028, errors.GraphAppNotLive, Action.STOP),
    (200, 2018021, errors.GraphRejected, Action.STOP),
    (200, 2534041, errors.GraphInstagramNotLinked, Action.STOP),
    (230, None, errors.GraphPermissionMissing, Action.SKIP),
    (283, None, errors.GraphPermissionMissing, Action.RECONNECT),
    (299, None, errors.GraphPermissionMissing, Action.RECONNECT),
    (341, None, errors.GraphRateLimited, Action.WAIT),
    (368, None, errors.GraphAccountRestricted, Action.WAIT),
    (506, None, errors.GraphRejected, Action.STOP),
    (613, None, errors.GraphRateLimited, Action.WAIT),
    (613, 2534040, errors.GraphRateLimited, Action.WAIT),
    (613, 1996, errors.GraphRateLimited, Action.WAIT),
    (613, 2018338, errors.GraphSendingBlocked, Action.STOP),
    (613, 1893016, errors.GraphRecipientUnreachable, Action.SKIP),
    (1200, None, errors.GraphUnavailable, Action.RETRY),
    (2022, None, errors.GraphSendingBlocked, Action.STOP),
    (2500, None, errors.GraphRejected, Action.STOP),
    (2018218, None, errors.GraphProfileUnavailable, Action.SKIP),
    (2018247, None, errors.GraphProfileUnavailable, Action.SKIP),
    (2018300, None, errors.GraphThreadControlledElsewhere, Action.SKIP),
    (2018321, None, errors.GraphConversationBusy, Action.WAIT),
    (36103, None, errors.GraphInstagramNotLinked, Action.STOP),
    *[(code, None, errors.GraphRateLimited, Action.WAIT) for code in range(80000, 80015)],
    (9000001, None, errors.GraphObjectMissing, Action.SKIP),
    (424242, None, errors.GraphRejected, Action.GIVE_UP),
]


def classified(code, subcode=None, *, message="", status=400, usage=None, **more):
    refusal = Refusal(http_status=status, message=message, usage=usage or Usage())
    return classify(code=code, subcode=subcode, refusal=refusal, **more)


class TestClassify:
    @pytest.mark.parametrize(("code", "subcode", "kind", "action"), TABLE)
    def test_follows_the_table(self, code, subcode, kind, action):
        error = classified(code, subcode)

        assert type(error) is kind
        assert error.action is action
        assert error.remote_code == code
        assert error.remote_subcode == subcode

    @pytest.mark.parametrize("code", sorted({code for code, _ in RULES} | set(range(80000, 80015))))
    @pytest.mark.parametrize("status", [200, 400, 403, 500])
    def test_the_status_never_decides_what_the_code_says(self, code, status):
        assert type(classified(code, status=status)) is type(classified(code))

    def test_no_code_is_both_a_limit_and_a_dead_connection(self):
        for code, subcode in RULES:
            families = {
                family
                for family in (UpstreamRateLimited, UpstreamUnauthorized, UpstreamForbidden)
                if isinstance(classified(code, subcode), family)
            }
            assert len(families) <= 1, (code, subcode)

    @pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001, 80014])
    def test_a_limit_that_calls_itself_transient_is_not_retried(self, code):
        error = classified(code, status=403, is_transient=True)

        assert isinstance(error, UpstreamRateLimited)
        assert not isinstance(error, UpstreamUnavailable)

    def test_too_much_data_is_known_by_its_sentence(self):
        error = classified(
            1, message="Please reduce the amount of data you're asking for", status=500
        )

        assert type(error) is errors.GraphReduceData
        assert error.action is Action.SHRINK
        assert isinstance(error, UpstreamRejected)

    def test_an_unknown_field_is_named(self):
        error = classified(
            100, message="(#100) Tried accessing nonexisting field (unread_count) on node"
        )

        assert isinstance(error, errors.GraphFieldUnknown)
        assert error.field_name == "unread_count"

    def test_the_end_of_paging_is_no_fault_of_ours(self):
        message = (
            "(#100) The After Cursor specified exceeds the max limit supported by this endpoint"
        )

        assert type(classified(100, message=message)) is errors.GraphPagingEnded

    def test_a_missing_proof_names_the_setting(self):
        message = "API calls from the server require an appsecret_proof argument"

        assert "FACEBOOK_APP_SECRET" in classified(100, message=message).sentence

    @pytest.mark.parametrize(
        ("status", "is_transient", "kind"),
        [
            (429, False, errors.GraphRateLimited),
            (503, False, errors.GraphUnavailable),
            (400, True, errors.GraphUnavailable),
            (400, False, errors.GraphRejected),
            (401, False, errors.GraphRejected),
        ],
    )
    def test_without_a_known_code_status_and_hint_decide(self, status, is_transient, kind):
        assert type(classified(None, status=status, is_transient=is_transient)) is kind
        assert type(classified(424242, status=status, is_transient=is_transient)) is kind

    def test_each_dead_token_says_why_and_what_to_do(self):
        sentences = {classified(190, s).sentence for s in (None, 458, 459, 460, 463, 464, 467, 492)}

        assert len(sentences) == 8
        assert classified(190, 463).sentence == (
            "This Page's token has expired. Reconnect the Page; nothing that was synced is lost."
        )

    def test_230_is_about_a_profile_when_read_and_about_sending_when_written(self):
        read, written = classified(230), classified(230, changes=True)

        assert (type(read), read.action) == (errors.GraphPermissionMissing, Action.SKIP)
        assert (type(written), written.action) == (errors.GraphPermissionMissing, Action.RECONNECT)
        assert "profile" in read.sentence
        assert written.sentence == (
            "Meta doesn't let the app write for this Page: the permission for messages (pages_messaging, on Instagram"
            " instagram_manage_messages) is missing. Reconnect the Page and leave every box ticked."
        )

    def test_every_sentence_is_for_people(self):
        for rule in (*RULES.values(), *WHEN_CHANGING.values()):
            assert rule.sentence.endswith(".")
            assert len(rule.sentence) > 30


class TestRetryAfter:
    usage = Usage((PoolUsage("messenger", 120, "1", 720),))

    def test_is_what_the_usage_header_says(self):
        error = classified(80006, usage=self.usage)

        assert isinstance(error, UpstreamRateLimited)
        assert error.retry_after_seconds == 720

    def test_a_retry_after_header_wins(self):
        error = classified(4, usage=self.usage, retry_after_seconds=30.0)

        assert error.retry_after_seconds == 30.0

    def test_is_unknown_when_meta_says_nothing(self):
        assert classified(613).retry_after_seconds is None

    def test_is_hours_for_a_restriction(self):
        assert classified(368).retry_after_seconds == 21600.0
