from collections import Counter

import pytest

from hirocrm.samples import dated, milliseconds, read_samples
from hirocrm.sandbox.server import SandboxServer
from tests.sandbox.conftest import Caller

STAGES = (
    "New Lead",
    "Contacted",
    "Qualified",
    "Proposal Sent",
    "Negotiating",
    "Closed Won",
    "Closed Lost",
)


class TestDemo:
    def test_covers_every_stage_language_and_platform(self):
        pages, rows = read_samples()

        stages = Counter(row.get("gold_stage") for row in rows)
        assert len(rows) == 69
        assert [stages[stage] for stage in STAGES] == [9, 7, 8, 12, 10, 15, 7]
        assert {row["language"] for row in rows} == {"tl", "en", "es", "vi", "ar"}
        assert {row["page"] for row in rows} == {page["key"] for page in pages}
        assert Counter(row["platform"] for row in rows) == {"messenger": 57, "instagram": 12}

    def test_has_no_person_or_line_twice(self):
        _, rows = read_samples()

        names = [row["name"] for row in rows]
        texts = [m["text"] for row in rows for m in row["messages"] if len(m.get("text", "")) > 40]
        assert len(set(names)) == len(names)
        assert len(set(texts)) == len(texts)

    def test_shows_photos_stickers_voices_and_long_threads(self):
        _, rows = read_samples()

        kinds = Counter(
            m["attachment"]["type"] for r in rows for m in r["messages"] if "attachment" in m
        )
        assert set(kinds) == {
            "image", "sticker", "audio", "video", "file", "share", "story_reply", "story_mention",
        }  # fmt: skip
        assert sorted(len(r["messages"]) for r in rows)[-3:] == [24, 28, 30]

    def test_is_served_fresh(self):
        with SandboxServer("--sample") as sandbox:
            assert [page.name for page in sandbox.pages] == [
                "Hiraya Style House",
                "Dulce ni Ana Cakes & Trays",
                "Santos & Sons Phones & Homes",
            ]
            listed = []
            for page in sandbox.pages:
                caller = Caller(sandbox.graph_url, page.access_token)
                platforms = ["messenger", "instagram"] if page.instagram_id else ["messenger"]
                for platform in platforms:
                    listed += caller.get(
                        f"/v25.0/{page.id}/conversations",
                        platform=platform,
                        limit=100,
                        fields="id,updated_time,participants,messages.limit(20){id,from,message}",
                    ).json["data"]

        assert len(listed) == 69
        assert not any("{+" in m["message"] for c in listed for m in c["messages"]["data"])
        assert max(len(c["messages"]["data"]) for c in listed) == 20


class TestSpans:
    @pytest.mark.parametrize(
        ("text", "ms"),
        [("90s", 90_000), ("15m", 900_000), ("1d 4h", 100_800_000), ("2w", 1_209_600_000)],
    )
    def test_reads_spans(self, text, ms):
        assert milliseconds(text) == ms

    def test_refuses_nonsense(self):
        with pytest.raises(ValueError, match="Not a span"):
            milliseconds("soon")

    def test_spells_dates(self):
        assert dated("on {+21d} po", 1_767_225_600_000) == "on January 22 po"
