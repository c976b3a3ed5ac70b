import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import ContactFilter, filter_contacts
from hirocrm.contacts.search import MAX_CHARACTERS, build_search_text, plain_words
from tests.factories import ContactFactory


class TestPlainWords:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("María  NIÑO", ["maria", "nino"]),
            ("magkano po? ₱1,500.00", ["magkano", "po", "u20b1", "1500", "00"]),
            ("love it 😍😍", ["love", "it", "u1f60d", "u1f60d"]),
            ("thumbs 👍🏽", ["thumbs", "u1f44d"]),
            ("مَرْحَبًا بك", ["مرحبا", "بك"]),
            ("https://shop.ph/a_b?x=1", ["https", "shop", "ph", "a", "b", "x", "1"]),
            ("'; DROP TABLE x; -- & | ! :* <->", ["drop", "table", "x"]),
            ("Straße", ["strasse"]),
            ("!!! ---", []),
        ],
    )
    def test_are_folded_and_plain(self, text, words):
        assert plain_words(text) == words

    @given(st.text())
    def test_hold_letters_and_digits_only(self, text):
        assert all(word.isalnum() for word in plain_words(text))


class TestBuildSearchText:
    def test_begins_with_names_and_tags(self):
        text = build_search_text("Ana", "Cruz", "ana.c", ["VIP"], ["hm po ana?"])

        assert text == "ana cruz c vip hm po"

    def test_is_bounded(self):
        text = build_search_text("Ana", "", "", [], (f"word{n} " * 50 for n in range(10_000)))

        assert len(text) <= MAX_CHARACTERS
        assert text.startswith("ana word0 word1")


@pytest.mark.django_db
class TestSearch:
    @pytest.fixture
    def contact(self):
        return ContactFactory(
            search_text=build_search_text(
                "María",
                "dela Cruz",
                "maria.dc",
                ["VIP"],
                ["Magkano po 😍", "مرحبا", "deliver by Friday"],
            )
        )

    @pytest.mark.parametrize(
        "q",
        [
            "mar",
            "MARIA cruz",
            "cruz mar",
            "vip",
            "magk",
            "😍",
            "مرح",
            "deliv fri",
            "  ",
            "maria.dc",
        ],
    )
    def test_finds_by_the_beginnings_of_words(self, contact, q):
        assert list(self.search(contact, q)) == [contact]

    @pytest.mark.parametrize("q", ["aria", "maria zzz", "👍", "!!!", "' & |", "x" * 5000])
    def test_finds_nothing_else(self, contact, q):
        assert list(self.search(contact, q)) == []

    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(q=st.text(max_size=60))
    def test_survives_any_text(self, contact, q):
        assert self.search(contact, q).count() in {0, 1}

    @staticmethod
    def search(contact, q):
        return filter_contacts(organization_id=contact.organization_id, wanted=ContactFilter(q=q))


@pytest.mark.django_db
class TestFilters:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"platform": "messenger"}, {"a"}),
            ({"platform": "instagram"}, {"b"}),
            ({"min_score": 50}, {"a"}),
            ({"max_score": 49}, {"b"}),
            ({"tag": "vip"}, {"a"}),
            ({"needs_review": True}, {"b"}),
            ({"sentiment": "negative"}, {"b"}),
            ({"urgency": "high"}, {"a"}),
            ({"lead_status": "WON"}, {"a"}),
            ({"without_pipeline": True}, {"a", "b"}),
            ({"page_id": "4711"}, {"a", "b"}),
            ({"page_id": "4712"}, set()),
            ({"tag": "vip", "needs_review": True}, set()),
        ],
    )
    def test_must_all_be_met(self, wanted, found):
        first = ContactFactory(
            page__remote_id="4711",
            first_name="a",
            lead_score=50,
            tags=["vip"],
            urgency="high",
            lead_status="WON",
        )
        ContactFactory(
            page=first.page,
            first_name="b",
            messenger_psid=None,
            instagram_sid="ig",
            lead_score=49,
            needs_review=True,
            sentiment="negative",
        )
        ContactFactory(first_name="stranger", lead_score=70, tags=["vip"])

        rows = filter_contacts(
            organization_id=first.organization_id, wanted=ContactFilter(**wanted)
        )

        assert {contact.first_name for contact in rows} == found
        assert Contact.objects.count() == 3
