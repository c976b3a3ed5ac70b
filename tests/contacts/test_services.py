from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hirocrm.contacts import queries, services
from hirocrm.contacts.errors import ContactNotFound, SpreadsheetInvalid
from hirocrm.contacts.models import Activity, Contact, Task
from hirocrm.contacts.queries import ContactFilter
from hirocrm.contacts.spreadsheets import LineError, csv_lines
from hirocrm.core.errors import Invalid
from hirocrm.organizations.errors import RoleTooWeak
from tests.factories import ContactFactory, MessageFactory, PageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner):
    return PageFactory(organization=owner.organization, remote_id="4711")


@pytest.fixture
def contact(page):
    return ContactFactory(page=page)


class TestUpdateContact:
    def test_keeps_a_typed_name_and_is_found_by_it(self, agent, contact, now):
        MessageFactory(conversation__contact=contact, text="Magkano?")

        services.update_contact(
            member=agent,
            contact_id=contact.id,
            changes={"first_name": "Ana", "lead_score": 90},
            now=now,
        )

        contact.refresh_from_db()
        assert (contact.first_name, contact.lead_score, contact.name_source) == ("Ana", 90, 40)
        assert contact.search_text == "ana magkano"

    def test_tells_of_a_new_status_and_tags(self, agent, contact, now):
        services.update_contact(
            member=agent,
            contact_id=contact.id,
            changes={"lead_status": "WON", "tags": [" vip ", "vip", "cod"]},
            now=now,
        )

        told = Activity.objects.order_by("type").values_list("type", "title", "user_id")
        assert list(told) == [
            ("STATUS_CHANGED", "Status changed to WON", agent.user_id),
            ("TAG_ADDED", "Tagged vip, cod", agent.user_id),
        ]

    def test_hides_a_strangers_contact(self, stranger, contact, now):
        with pytest.raises(ContactNotFound):
            services.update_contact(
                member=stranger, contact_id=contact.id, changes={"first_name": "X"}, now=now
            )

        contact.refresh_from_db()
        assert contact.first_name == "Maria"


class TestUndoTagging:
    def test_takes_off_only_what_was_put_on(self, agent, page, now):
        ContactFactory(page=page, first_name="Ana", tags=["vip"])
        ContactFactory(page=page, first_name="Ben")
        rows = queries.list_contacts(member=agent, wanted=ContactFilter())
        services.tag_contacts(member=agent, contacts=rows, tags=["vip", "cod"], now=now)

        count = services.undo_tagging(member=agent, done_at=now, now=now)

        left = Contact.objects.order_by("first_name").values_list("first_name", "tags")
        assert (count, list(left)) == (2, [("Ana", ["vip"]), ("Ben", [])])

    def test_is_for_who_did_it(self, agent, owner, page, now):
        ContactFactory(page=page)
        rows = queries.list_contacts(member=agent, wanted=ContactFilter())
        services.tag_contacts(member=agent, contacts=rows, tags=["cod"], now=now)

        assert services.undo_tagging(member=owner, done_at=now, now=now) == 0
        assert Contact.objects.get().tags == ["cod"]


class TestUndoUntagging:
    def test_is_for_who_did_it_and_for_a_day(self, agent, owner, page, now):
        ContactFactory(page=page, tags=["cod"])
        rows = Contact.objects.all()
        services.untag_contacts(member=agent, contacts=rows, tags=["cod"], now=now)

        assert services.undo_untagging(member=owner, done_at=now, now=now) == 0
        later = now + timedelta(days=1, seconds=1)
        services.untag_contacts(member=owner, contacts=rows, tags=["none"], now=later)
        assert services.undo_untagging(member=agent, done_at=now, now=later) == 0
        assert Contact.objects.get().tags == []

    def test_takes_as_many_statements_for_many_as_for_few(self, agent, page, now):
        counts = []
        for size in (1, 100):
            ContactFactory.create_batch(size, page=page, tags=["cod", "vip"])
            with CaptureQueriesContext(connection) as captured:
                services.untag_contacts(
                    member=agent, contacts=Contact.objects.all(), tags=["cod"], now=now
                )
                services.undo_untagging(member=agent, done_at=now, now=now)
            counts.append(len(captured))

        assert counts[0] == counts[1]
        assert set(map(tuple, Contact.objects.values_list("tags", flat=True))) == {("cod", "vip")}


class TestTagContacts:
    def test_adds_what_is_lacking_in_a_few_statements(self, agent, page, now):
        counts = []
        for size in (1, 100):
            ContactFactory.create_batch(size, page=page, tags=["old"])
            with CaptureQueriesContext(connection) as captured:
                rows = queries.list_contacts(member=agent, wanted=ContactFilter())
                services.tag_contacts(member=agent, contacts=rows, tags=["old", "vip"], now=now)
            counts.append(len(captured))

        assert counts[0] == counts[1]
        assert set(map(tuple, Contact.objects.values_list("tags", flat=True))) == {("old", "vip")}
        assert Contact.objects.filter(search_text__contains="vip").count() == 101
        assert Activity.objects.count() == 101

    def test_takes_them_off_again(self, agent, contact, now):
        Contact.objects.update(tags=["a", "b", "c"])

        count = services.untag_contacts(
            member=agent, contacts=Contact.objects.all(), tags=["a", "c", "x"], now=now
        )

        contact.refresh_from_db()
        assert (count, contact.tags) == (1, ["b"])


class TestDeleteContacts:
    def test_erases_what_belongs_to_them(self, owner, contact, now):
        MessageFactory(conversation__contact=contact)

        count = services.delete_contacts(member=owner, contacts=Contact.objects.all(), now=now)

        assert (count, Contact.objects.count()) == (1, 0)

    def test_is_not_for_agents(self, agent, contact, now):
        with pytest.raises(RoleTooWeak):
            services.delete_contacts(member=agent, contacts=Contact.objects.all(), now=now)

        assert Contact.objects.count() == 1


class TestTasks:
    def test_are_completed_once_and_reopened(self, agent, contact, now):
        task = services.create_task(member=agent, contact_id=contact.id, title="Call", now=now)

        for _ in range(2):
            services.complete_task(member=agent, contact_id=contact.id, task_id=task.id, now=now)
        services.reopen_task(member=agent, contact_id=contact.id, task_id=task.id)

        assert Task.objects.get().completed_at is None
        assert list(Activity.objects.order_by("id").values_list("type", flat=True)) == [
            "TASK_CREATED",
            "TASK_COMPLETED",
        ]

    def test_are_for_members_only(self, agent, stranger, contact, now):
        with pytest.raises(Invalid):
            services.create_task(
                member=agent, contact_id=contact.id, title="Call", assignee_id=stranger.id, now=now
            )

        assert Task.objects.count() == 0


class TestImportSpreadsheet:
    def take(self, member, text, now, **fields):
        return services.import_spreadsheet(member=member, content=text.encode(), now=now, **fields)

    def test_updates_adds_and_tells_of_bad_lines(self, agent, contact, stranger, now):
        foreign = ContactFactory()
        text = (
            "id,pageId,messengerPSID,firstName,tags,leadScore\n"
            f"{contact.id},,,Ana,vip;cod,90\n"
            ",4711,new-psid,Ben,,\n"
            ",4711,new-psid,Benjamin,,\n"
            f"{foreign.id},,,X,,\n"
            ",9999,p,X,,\n"
            ",4711,p2,X,,101\n"
            f"{contact.id},,,,,\n"
        )

        result = self.take(agent, text, now)

        contact.refresh_from_db()
        added = Contact.objects.get(messenger_psid="new-psid")
        assert (result.created, result.updated, result.unchanged) == (1, 1, 0)
        assert result.errors == [
            LineError(5, "There is no contact with this id."),
            LineError(6, "There is no such Page."),
            LineError(7, "leadScore must be a whole number from 0 to 100."),
        ]
        assert (contact.first_name, contact.tags, contact.lead_score) == ("Ana", ["vip", "cod"], 90)
        assert (added.first_name, added.page) == ("Benjamin", contact.page)

    def test_changes_nothing_when_taken_twice(self, agent, contact, now):
        text = f"\ufeffid;firstName\r\n{contact.id};Ana\r\n"
        self.take(agent, text, now)

        result = self.take(agent, text, now)

        assert (result.created, result.updated, result.unchanged) == (0, 0, 1)

    def test_takes_back_what_was_exported(self, agent, contact, now):
        Contact.objects.update(first_name="=cmd()", tags=["a", "b"])
        rows = queries.list_export_rows(contacts=Contact.objects.all())

        text = csv_lines(rows, header=True)
        result = self.take(agent, text, now)

        assert "'=cmd()" in text
        assert (result.unchanged, result.errors) == (1, [])

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"\xff\xfe", "isn't UTF-8"),
            (b"", "must name columns"),
            (b"colour,size\n1,2\n", "must name columns"),
            (b'id,firstName\n"unclosed', "can't be read as CSV"),
            (b"firstName\n" + b"a\n" * 5001, "more than 5000 rows"),
        ],
    )
    def test_refuses_what_is_no_such_file(self, agent, now, content, sentence):
        with pytest.raises(SpreadsheetInvalid, match=sentence):
            services.import_spreadsheet(member=agent, content=content, now=now)

        assert Contact.objects.count() == 0
