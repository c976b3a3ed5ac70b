"""When an attachment's address leads nowhere any more."""

from datetime import UTC, datetime, timedelta

import pytest

from hirocrm.web.contact.expiry import is_expired

SENT = datetime(2026, 2, 1, 9, tzinfo=UTC)
LOOKASIDE = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=x"
CDN = "https://scontent.xx.fbcdn.net/v/t1.15752-9/a.jpg?oh=00_AY&oe=697FC100"  # until 1 February, 21:09:20


class TestIsExpired:
    @pytest.mark.parametrize(
        ("kind", "url", "hours", "expected"),
        [
            ("story_mention", LOOKASIDE, 23.9, False),
            ("story_mention", LOOKASIDE, 24, True),
            ("story_reply", "", 24, True),
            ("story_reply", "https://www.instagram.com/stories/1", 24, True),
            ("image", LOOKASIDE, 24 * 6.9, False),
            ("image", LOOKASIDE, 24 * 7, True),
            ("image", CDN, 12, False),
            ("image", CDN, 13, True),
            ("image", "https://scontent.xx.fbcdn.net/a.jpg", 24 * 400, False),
            ("share", "https://www.facebook.com/a/posts/1?oe=1", 24 * 400, False),
            ("file", "https://scontent.xx.fbcdn.net/a.pdf?oe=not-hex", 24 * 400, False),
            ("file", "https://scontent.xx.fbcdn.net/a.pdf?oe=ffffffffffffffffff", 1, False),
            ("file", "https://[broken", 24 * 400, False),
            ("like_heart", "", 24 * 400, False),
        ],
    )
    def test_goes_by_kind_host_and_what_the_address_says(self, kind, url, hours, expected):
        now = SENT + timedelta(hours=hours)

        assert is_expired(kind, url, sent_at=SENT, now=now) is expected
