"""Taking deliveries: whose they are, what is kept aside, and that one fault costs only itself."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from hirocrm.contacts.models import Activity, Contact, Conversation, Message
from hirocrm.inbox.models import OutgoingMessage
from hirocrm.meta.models import UnreadableEntry, WebhookDelivery, WebhookHealth
from hirocrm.sync.models import ParkedEvent
from hirocrm.sync.webhooks import apply as apply_module
from hirocrm.sync.webhooks import aside, take
from tests.factories import ContactFactory, PageFactory
from tests.sync.webhooks.payloads import (
    ANA,
    IRA,
    PAGE,
    echo,
    encode,
    from_business,
    from_customer,
    instagram_body,
    on_instagram,
    page_body,
    text,
)

pytestmark = pytest.mark.django_db


class TestWhose:
    def test_is_decided_by_each_entry(self, page, deliver, stranger):
        theirs = PageFactory(organization=stranger.organization, remote_id="220000000000002")
        item = from_customer(business=theirs.remote_id, message={"mid": "m_T1", "text": "theirs"})
        entries = page_body(text())["entry"] + page_body(item, business=theirs.remote_id)["entry"]

        deliver({"object": "page", "entry": entries})

        ours = Message.objects.get(remote_id="m_A1")
        other = Message.objects.get(remote_id="m_T1")
        assert (ours.page, ours.organization) == (page, page.organization)
        assert (other.page, other.organization) == (theirs, stranger.organization)

    def test_is_nobodys_for_a_page_that_is_not_connected(self, page, deliver):
        (delivery,) = deliver(page_body(text(), business="999"))

        assert delivery.outcome == "unknown"
        assert (Contact.objects.count(), UnreadableEntry.objects.count()) == (0, 0)

    def test_is_nobodys_for_a_page_that_was_removed(self, page, deliver):
        page.state = "forgotten"
        page.save()

        (delivery,) = deliver(page_body(text()))

        assert delivery.outcome == "unknown"
        assert Contact.objects.count() == 0

    def test_goes_on_while_the_token_is_dead(self, page, deliver):
        page.state, page.access_token = "needs_reconnect", ""
        page.save()

        deliver(page_body(text()))

        assert Message.objects.get(page=page).text == "Magkano po?"

    def test_finds_instagram_by_its_account(self, page, deliver):
        deliver(instagram_body(on_instagram(message={"mid": "aWd_1", "text": "hi"})))

        assert Contact.objects.get(page=page).instagram_sid == IRA

    @pytest.mark.parametrize(
        "body",
        [
            {"object": "instagram", "entry": [{"id": "0", "time": 1775089713, "changes": [{"field": "messages", "value": {
                "sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824", "message": {"mid": "random_mid", "text": "random_text"}}}]}]},
            page_body({**text(), "sender": {"id": "12334"}, "recipient": {"id": "23245"}}),
        ],
    )  # fmt: skip
    def test_knows_the_dashboards_test(self, page, deliver, body):
        (delivery,) = deliver(body)

        assert delivery.outcome == "test"
        assert (Contact.objects.count(), UnreadableEntry.objects.count()) == (0, 0)

    def test_takes_what_stands_beside_the_dashboards_test(self, page, deliver):
        test = {**text("random_mid"), "sender": {"id": "12334"}, "recipient": {"id": "23245"}}

        (delivery,) = deliver(page_body(test, text(), "odd", test))

        assert Message.objects.get().remote_id == "m_A1"
        assert UnreadableEntry.objects.get().reason == "an event isn't an object"
        assert delivery.outcome == "unreadable"


class TestRows:
    def test_join_what_a_sync_brought(self, page, deliver, now):
        from hirocrm.contacts.ingest import ingest
        from hirocrm.contacts.snapshots import (
            ConversationSnapshot,
            MessageSnapshot,
            MessageSource,
            NameSource,
            ParticipantSnapshot,
            Platform,
            Sender,
        )

        def sync(*messages: MessageSnapshot) -> None:
            person = ParticipantSnapshot(ANA, "Ana Cruz", NameSource.SENDER)
            snapshot = ConversationSnapshot(Platform.MESSENGER, "t_1", person, messages, now)
            ingest(page=page, snapshots=[snapshot], source=MessageSource.SYNC, now=now)

        first = MessageSnapshot("m_A1", Sender.CUSTOMER, now, text="Magkano po?")

        deliver(page_body(text()))
        sync(first)
        deliver(page_body(text()), page_body(text("m_A2", "po", at=5)))
        sync(first, MessageSnapshot("m_A2", Sender.CUSTOMER, now, text="po"))

        conversation = Conversation.objects.get(page=page)
        assert conversation.remote_id == "t_1"
        assert list(Message.objects.order_by("remote_id").values_list("remote_id", "source")) == [
            ("m_A1", "webhook"),
            ("m_A2", "webhook"),
        ]
        assert Contact.objects.get(page=page).name == "Ana Cruz"
        assert Activity.objects.filter(type="MESSAGE_RECEIVED").count() == 2

    def test_keep_a_better_name(self, page, deliver):
        ContactFactory(
            page=page, messenger_psid=ANA, first_name="Ana", last_name="Cruz", name_source=20
        )

        deliver(page_body(text()))

        assert Contact.objects.get(page=page).name == "Ana Cruz"

    def test_keep_what_was_searched_before(self, page, deliver):
        deliver(page_body(text(words="linen set")))
        deliver(page_body(text("m_A2", "how much", at=5)))

        words = set(Contact.objects.get(page=page).search_text.split())
        assert {"linen", "set", "how", "much"} <= words

    def test_forget_the_words_of_an_unsent_message(self, page, deliver):
        deliver(page_body(text(words="my secret")), page_body(text("m_A2", "hello", at=5)))

        deliver(page_body(from_customer(9, message={"mid": "m_A1", "is_deleted": True})))

        contact = Contact.objects.get(page=page)
        assert "secret" not in contact.search_text
        assert contact.last_message_text == "hello"
        assert "secret" not in json.dumps(
            list(Activity.objects.values("title", "description", "metadata"))
        )

    def test_take_unsent_words_out_of_the_evidence(self, page, deliver, now):
        from hirocrm.analysis.models import Analysis
        from tests.factories import SuggestionFactory

        deliver(page_body(text(words="my secret")), page_body(text("m_A2", "hello", at=5)))
        secret, kept = Message.objects.order_by("remote_id")
        evidence = [{"messageId": m.remote_id, "quote": m.text} for m in (secret, kept)]
        contact = Contact.objects.get(page=page)
        analysis = Analysis.objects.create(
            organization=page.organization, contact=contact, conversation=kept.conversation, evidence=evidence,
            provider="local", model="local-1", created_at=now,
        )  # fmt: skip
        suggestion = SuggestionFactory(contact=contact, evidence=evidence)
        metadata = {"confidence": 80, "evidence": evidence}
        moved = Activity.objects.create(
            organization=page.organization, contact=contact, type="STAGE_CHANGED", metadata=metadata,
            created_at=now,
        )  # fmt: skip

        deliver(page_body(from_customer(9, message={"mid": "m_A1", "is_deleted": True})))

        left = [{"messageId": kept.remote_id, "quote": "hello"}]
        for row in (analysis, suggestion, moved):
            row.refresh_from_db()
        assert analysis.evidence == suggestion.evidence == left
        assert moved.metadata == {"confidence": 80, "evidence": left}

    def test_forget_what_was_sent_from_here_and_unsent_elsewhere(self, page, deliver, now):
        deliver(page_body(echo("m_B1", "350 po")))
        message = Message.objects.get(remote_id="m_B1")
        sent = OutgoingMessage.objects.create(
            organization=page.organization, page=page, conversation=message.conversation, message=message,
            by_person=True, text="350 po", state="sent", created_at=now,
        )  # fmt: skip

        deliver(page_body(from_business(120, message={"mid": "m_B1", "is_echo": True, "is_deleted": True})))  # fmt: skip

        sent.refresh_from_db()
        assert (sent.text, sent.state) == ("", "sent")

    def test_take_back_what_the_ai_said_when_no_text_is_left(self, page, deliver, now):
        from hirocrm.analysis.models import Analysis
        from tests.factories import SuggestionFactory

        deliver(page_body(text(words="my secret")))
        contact = Contact.objects.get(page=page)
        Contact.objects.update(ai_context="Tells a secret.", ai_context_updated_at=now, sentiment="positive", urgency="low", ai_confidence=80)  # fmt: skip
        Analysis.objects.create(
            organization=page.organization, contact=contact, conversation=contact.conversations.get(),
            summary="Tells a secret.", provider="local", model="local-1", created_at=now,
        )  # fmt: skip
        suggestion = SuggestionFactory(contact=contact, reasoning="They told a secret.")

        deliver(page_body(from_customer(9, message={"mid": "m_A1", "is_deleted": True})))

        contact.refresh_from_db()
        suggestion.refresh_from_db()
        assert (contact.ai_context, contact.ai_context_updated_at, contact.ai_confidence) == ("", None, None)  # fmt: skip
        assert (contact.sentiment, contact.urgency, suggestion.reasoning) == ("", "", "")
        assert contact.analyses.count() == 0

    def test_leave_a_message_empty_that_was_emptied_on_purpose(self, page, deliver, now):
        deliver(page_body(text()))
        Message.objects.update(text=None, expired_at=now)

        deliver(
            page_body(
                from_customer(9, message_edit={"mid": "m_A1", "text": "again", "num_edit": 1})
            )
        )

        assert Message.objects.get().text is None

    def test_are_written_in_as_many_statements_for_many_as_for_one(
        self, page, deliver, django_assert_max_num_queries
    ):
        deliver(page_body(text("m_0", "warm up")))
        bodies = [page_body(from_customer(n, person=f"7{n:09d}", message={"mid": f"m_{n}", "text": "hi"})) for n in range(1, 61)]  # fmt: skip
        for body in bodies:
            WebhookDelivery.objects.create(body=encode(body), secret=0)

        with django_assert_max_num_queries(42):
            assert take.take_deliveries(now=WebhookDelivery.objects.first().received_at) == 60

        assert Message.objects.count() == 61

    def test_tell_the_pages_health(self, page, deliver, now):
        deliver(page_body(text()))

        health = WebhookHealth.objects.get(page=page)
        assert (health.listening_since, health.last_event_at) == (now, now)
        assert health.organization == page.organization


@pytest.fixture
def fails_on_bad(monkeypatch):
    """HiroCRM fails on whoever says "bad"; undo the patch and it is mended."""
    ingest = apply_module.ingest

    def fail_on_bad(**arguments: object) -> object:
        if any(m.text == "bad" for s in arguments["snapshots"] for m in s.messages):  # type: ignore[attr-defined]
            raise RuntimeError("a bug")
        return ingest(**arguments)

    monkeypatch.setattr(apply_module, "ingest", fail_on_bad)
    return monkeypatch


class TestKeptAside:
    @pytest.mark.parametrize(
        ("item", "reason"),
        [
            (from_customer(message={"text": "no id"}), "the message has no usable id"),
            (from_customer(message={"mid": "m" * 600}), "the message has no usable id"),
            (from_customer(message=7), "“message” isn't an object"),
            ({"message": {"mid": "m_1"}}, "it doesn't say which customer it is about"),
            ("odd", "an event isn't an object"),
            ({"sender": {"id": "1"}}, "an event has no content"),
        ],
    )
    def test_is_an_event_that_cannot_be_read_and_its_neighbours_are_taken(
        self, page, deliver, item, reason
    ):
        (delivery,) = deliver(page_body(text(), item, text("m_A2", "po", at=5)))

        entry = UnreadableEntry.objects.get()
        assert (entry.page, entry.organization, entry.reason) == (page, page.organization, reason)
        has_time = isinstance(item, dict) and "timestamp" in item
        time = {} if has_time else {"time": page_body()["entry"][0]["time"]}
        assert json.loads(entry.content) == {"id": PAGE, "messaging": [item], **time}
        assert delivery.outcome == "unreadable"
        assert Message.objects.count() == 2

    @pytest.mark.parametrize(
        "content", [[], "x", {}, {"entry": "x"}, {"object": "page", "entry": [{"time": 1}]}]
    )
    def test_belongs_to_the_only_organization_where_no_page_is_named(self, page, deliver, content):
        deliver(content)

        entry = UnreadableEntry.objects.get()
        assert (entry.organization, entry.page) == (page.organization, None)

    def test_belongs_to_nobody_where_there_are_several(self, page, deliver, stranger):
        deliver([])

        assert UnreadableEntry.objects.get().organization is None
        assert aside.list_entries(member=stranger).count() == 0

    def test_is_kept_once(self, page, deliver):
        deliver(page_body("odd"), page_body("odd"))

        assert UnreadableEntry.objects.count() == 1

    def test_is_an_event_that_fails_and_the_others_are_applied(self, page, deliver, fails_on_bad):
        deliver(
            page_body(text()),
            page_body(text("m_bad", "bad", at=3)),
            page_body(text("m_A2", "po", at=5)),
        )

        mids = Message.objects.order_by("remote_id").values_list("remote_id", flat=True)
        assert list(mids) == ["m_A1", "m_A2"]
        assert UnreadableEntry.objects.get().reason.startswith("HiroCRM failed on it")

    @pytest.mark.parametrize("listed_under", ["messaging", "standby", "changes"])
    def test_is_exactly_what_failed_of_several_entries_for_one_page(
        self, page, deliver, fails_on_bad, listed_under
    ):
        bad = text("m_bad", "bad", at=3)
        listed = {"field": "messages", "value": bad} if listed_under == "changes" else bad
        first = {"id": PAGE, "time": 1767312001500, "messaging": [text()]}
        second = {"id": PAGE, "time": 1767312009500, "messaging": [text("m_A2", "po", at=5)]}
        second[listed_under] = [*second.get(listed_under, []), listed]

        deliver({"object": "page", "entry": [first, second]})

        mids = Message.objects.order_by("remote_id").values_list("remote_id", flat=True)
        assert list(mids) == ["m_A1", "m_A2"]
        entry = UnreadableEntry.objects.get()
        assert json.loads(entry.content) == {"id": PAGE, listed_under: [listed]}

    def test_keeps_the_time_of_an_event_that_has_none_of_its_own(self, page, deliver, fails_on_bad):
        bad = text("m_bad", "bad", at=3)
        del bad["timestamp"]

        deliver({"object": "page", "entry": [{"id": PAGE, "time": 1767312001500, "messaging": [bad]}]})  # fmt: skip

        content = json.loads(UnreadableEntry.objects.get().content)
        assert content == {"id": PAGE, "time": 1767312001500, "messaging": [bad]}

    @pytest.mark.parametrize(
        "time",
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", -62135596800, -1, 0, 1e308, [1]],
        ids=repr,
    )
    def test_is_nothing_for_an_odd_time(self, page, deliver, time):
        entry_time = page_body()["entry"][0]["time"]
        good = {"id": PAGE, "time": entry_time, "messaging": [text()]}
        odd = {**text("m_odd"), "timestamp": time}
        bad_entry = {
            "id": PAGE,
            "time": time,
            "messaging": [{**text("m_odder"), "timestamp": time}],
        }
        entries = [good, {"id": PAGE, "time": entry_time, "messaging": [odd]}, bad_entry]

        (delivery,) = deliver({"object": "page", "entry": entries})

        times = dict(Message.objects.values_list("remote_id", "created_time"))
        started = datetime(2026, 1, 2, tzinfo=UTC)
        assert times == {
            "m_A1": started,
            "m_odd": started + timedelta(milliseconds=500),
            "m_odder": delivery.received_at,
        }
        assert (delivery.outcome, UnreadableEntry.objects.count()) == ("taken", 0)

    def test_is_a_delivery_that_fails_by_itself(self, page, deliver, monkeypatch):
        read = take.read_delivery

        def fail_on_bad(body: bytes) -> object:
            if b"m_bad" in body:
                raise RuntimeError("a bug")
            return read(body)

        monkeypatch.setattr(take, "read_delivery", fail_on_bad)

        deliver(page_body(text()), page_body(text("m_bad")), page_body(text("m_A2", "po", at=5)))

        mids = Message.objects.order_by("remote_id").values_list("remote_id", flat=True)
        assert list(mids) == ["m_A1", "m_A2"]
        assert UnreadableEntry.objects.count() == 1


class TestReplay:
    @pytest.fixture
    def entry(self, page, deliver):
        deliver(page_body("odd"))
        return UnreadableEntry.objects.get()

    def test_applies_what_can_be_read_by_now(self, owner, entry, now):
        entry.content = json.dumps({"id": PAGE, "messaging": [text()]})
        entry.save()

        aside.replay_entry(member=owner, entry_id=entry.pk, now=now)

        assert Message.objects.get().text == "Magkano po?"
        assert UnreadableEntry.objects.count() == 0

    def test_applies_exactly_what_failed(self, page, deliver, owner, fails_on_bad, now):
        entries = [{"id": PAGE, "messaging": [text()]}, {"id": PAGE, "messaging": [text("m_bad", "bad", at=3)]}]  # fmt: skip
        deliver({"object": "page", "entry": entries})
        entry = UnreadableEntry.objects.get()
        with pytest.raises(aside.EntryStillUnreadable):
            aside.replay_entry(member=owner, entry_id=entry.pk, now=now)
        assert UnreadableEntry.objects.count() == 1

        fails_on_bad.undo()
        aside.replay_entry(member=owner, entry_id=entry.pk, now=now)

        assert Message.objects.get(remote_id="m_bad").text == "bad"
        assert (Message.objects.count(), UnreadableEntry.objects.count()) == (2, 0)

    def test_takes_a_whole_delivery_too(self, owner, entry, now):
        entry.content = json.dumps(page_body(text()))
        entry.save()

        aside.replay_entry(member=owner, entry_id=entry.pk, now=now)

        assert Message.objects.get().text == "Magkano po?"

    def test_keeps_what_still_cannot_be_read(self, owner, entry, now):
        with pytest.raises(aside.EntryStillUnreadable, match="an event isn't an object"):
            aside.replay_entry(member=owner, entry_id=entry.pk, now=now)

        entry.refresh_from_db()
        assert entry.replayed_at == now

    def test_never_writes_to_another_organizations_page(self, owner, entry, stranger, now):
        PageFactory(organization=stranger.organization, remote_id="220000000000002")
        item = from_customer(business="220000000000002", message={"mid": "m_1", "text": "x"})
        entry.content = json.dumps(page_body(item, business="220000000000002"))
        entry.save()

        with pytest.raises(aside.EntryStillUnreadable):
            aside.replay_entry(member=owner, entry_id=entry.pk, now=now)

        assert Message.objects.count() == 0

    def test_hides_another_organizations_entry(self, stranger, entry, now):
        with pytest.raises(aside.EntryNotFound):
            aside.replay_entry(member=stranger, entry_id=entry.pk, now=now)
        with pytest.raises(aside.EntryNotFound):
            aside.drop_entry(member=stranger, entry_id=entry.pk)


class TestOwnerless:
    """What names no Page, where several organizations use the install."""

    @pytest.fixture
    def entry(self, page, deliver, stranger):
        deliver([])
        return UnreadableEntry.objects.get()

    def test_is_seen_by_the_operator_alone(self, owner, stranger, entry, now):
        assert list(aside.list_ownerless()) == [entry]
        for member in (owner, stranger):
            assert aside.list_entries(member=member).count() == 0
            with pytest.raises(aside.EntryNotFound):
                aside.replay_entry(member=member, entry_id=entry.pk, now=now)

    def test_is_told_by_the_doctor(self, entry):
        from hirocrm.cli.checks.install import check_aside

        (finding,) = check_aside()

        assert finding.status == "warn"
        assert finding.detail == "1 unreadable webhook entry belongs to no organization."
        UnreadableEntry.objects.all().delete()
        assert check_aside() == []

    def test_is_applied_to_whichever_pages_it_names(self, page, stranger, entry, now):
        theirs = PageFactory(organization=stranger.organization, remote_id="220000000000002")
        item = from_customer(business=theirs.remote_id, message={"mid": "m_T1", "text": "theirs"})
        entries = page_body(text())["entry"] + page_body(item, business=theirs.remote_id)["entry"]
        entry.content = json.dumps({"object": "page", "entry": entries})
        entry.save()

        aside.replay_ownerless(entry_id=entry.pk, now=now)

        organizations = Message.objects.order_by("remote_id").values_list(
            "remote_id", "organization"
        )
        assert list(organizations) == [
            ("m_A1", page.organization_id),
            ("m_T1", theirs.organization_id),
        ]
        assert UnreadableEntry.objects.count() == 0

    def test_stays_while_it_cannot_be_read(self, entry, now):
        with pytest.raises(aside.EntryStillUnreadable):
            aside.replay_ownerless(entry_id=entry.pk, now=now)

        entry.refresh_from_db()
        assert entry.replayed_at == now

    def test_can_be_dropped_and_an_organizations_cannot(self, page, deliver, entry):
        deliver(page_body("odd"))
        theirs = UnreadableEntry.objects.get(organization=page.organization)

        aside.drop_ownerless(entry_id=entry.pk)
        with pytest.raises(aside.EntryNotFound):
            aside.drop_ownerless(entry_id=theirs.pk)

        assert UnreadableEntry.objects.get() == theirs


class TestParked:
    def test_waits_for_its_message_however_that_comes(self, page, deliver, now):
        from hirocrm.sync.webhooks.sweep import settle_parked
        from tests.factories import ConversationFactory, MessageFactory

        deliver(page_body(from_customer(9, message={"mid": "m_A1", "is_deleted": True})))
        deliver(page_body(from_customer(9, referral={"ref": "p1", "source": "ADS"})))
        assert settle_parked(now=now) == 0
        contact = ContactFactory(page=page, messenger_psid=ANA)
        conversation = ConversationFactory(contact=contact, has_text=True)
        message = MessageFactory(conversation=conversation, remote_id="m_A1", text="oops")

        assert settle_parked(now=now + timedelta(minutes=1)) == 2

        message.refresh_from_db()
        contact.refresh_from_db()
        assert message.text is None
        assert [referral["ref"] for referral in contact.referrals] == ["p1"]
        assert ParkedEvent.objects.count() == 0


class TestForgetOld:
    def test_drops_what_was_taken_and_keeps_what_was_not(self, page, deliver, now, settings):
        from hirocrm.sync.webhooks.sweep import forget_old

        settings.WEBHOOK_RETENTION_DAYS = 7
        deliver(page_body(text()))
        waiting = WebhookDelivery.objects.create(body=b"{}", secret=0, received_at=now)

        early = forget_old(now=now + timedelta(days=6))
        late = forget_old(now=now + timedelta(days=8))

        assert (early, late) == (0, 1)
        assert WebhookDelivery.objects.get() == waiting
        assert Message.objects.count() == 1


class TestWakeTaker:
    def test_queues_a_job_only_where_something_waits(self, page, now):
        from hirocrm.sync.webhooks.sweep import wake_taker

        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs CASCADE")

        assert wake_taker() is False
        WebhookDelivery.objects.create(body=b"{}", secret=0, received_at=now)
        assert (wake_taker(), wake_taker()) == (True, False)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT task_name, lock, queueing_lock, queue_name FROM procrastinate_jobs"
            )
            assert cursor.fetchall() == [
                ("webhooks.take_deliveries", "webhooks", "webhooks", "webhooks")
            ]
