from collections import Counter

from hirocrm.analysis.learning.similar import WordIndex, words_of
from hirocrm.contacts.snapshots import Sender
from tests.analysis.requests import message


def words(*texts: str) -> Counter[str]:
    return words_of([message(n, text) for n, text in enumerate(texts)])


class TestWordsOf:
    def test_counts_the_customers_words_alone(self) -> None:
        found = words_of(
            [
                message(0, "Reseller po AKO, 50 pcs"),
                message(1, "reseller price is 300", Sender.BUSINESS),
                message(2, None, Sender.CUSTOMER, "image"),
            ]
        )

        assert found == Counter({"reseller": 1, "po": 1, "ako": 1, "pcs": 1})


class TestNearest:
    INDEX = WordIndex(
        [
            words("hi po magkano po yung bag"),
            words("hi po reseller po ako ng bag"),
            words("hi po kelan po dating ng parcel ko"),
            words("hi po reseller po ako ng bag"),
        ]
    )

    def test_the_most_similar_come_first_and_the_newer_of_two_equals(self) -> None:
        assert self.INDEX.nearest(words("reseller ako, may bulk price po ba"), limit=2) == [1, 3]

    def test_a_shared_greeting_is_no_similarity(self) -> None:
        chat = words("hi po, pwede po ba magtanong tungkol sa warranty nung nabili namin last year")

        assert self.INDEX.nearest(chat, limit=3) == []

    def test_nothing_is_like_a_conversation_without_words(self) -> None:
        assert self.INDEX.nearest(words("👍"), limit=3) == []
        assert WordIndex([]).nearest(words("hm po"), limit=3) == []
