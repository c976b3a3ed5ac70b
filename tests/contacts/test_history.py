"""The timeline and the stage history are append-only, by the database itself."""

import pytest
from django.db import DatabaseError, connection, transaction

from hirocrm.contacts.models import Activity, Contact, StageChange
from hirocrm.meta import services as pages
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(owner, now) -> Contact:
    """Somebody with one row of each kind."""
    contact = ContactFactory(page__organization=owner.organization)
    row = {"organization": owner.organization, "contact": contact, "created_at": now}
    Activity.objects.create(type="NOTE_ADDED", title="Note", **row)
    StageChange.objects.create(moved_by="ai", **row)
    return contact


def rows() -> tuple[int, int]:
    return Activity.objects.count(), StageChange.objects.count()


def commit() -> None:
    """What the end of a transaction looks at."""
    connection.check_constraints()


@pytest.mark.parametrize(
    ("model", "change"),
    [(Activity, {"title": "Another"}), (StageChange, {"reason": "Another"})],
)
class TestAppendOnly:
    def test_no_row_is_changed(self, contact, model, change):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            model.objects.update(**change)

        assert not model.objects.filter(**change).exists()

    @pytest.mark.usefixtures("contact")
    def test_no_row_is_deleted_alone(self, model, change):
        model.objects.all().delete()

        with pytest.raises(DatabaseError, match="append-only"):
            commit()


class TestErasing:
    def test_a_contact_takes_its_history_along(self, contact):
        contact.delete()
        commit()

        assert rows() == (0, 0)

    def test_so_does_a_page(self, contact, owner):
        pages.remove_page(member=owner, reference=contact.page_id, erase=True)
        commit()

        assert rows() == (0, 0)

    def test_so_does_an_organization(self, contact, owner):
        owner.organization.delete()
        commit()

        assert rows() == (0, 0)
