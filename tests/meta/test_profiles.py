"""Pictures: only Meta's, only small ones, only what their bytes say."""

import asyncio

import httpx2
import pytest

from hirocrm.meta import profiles
from hirocrm.meta.profiles import fetch_picture, read_picture


def fetch(url: str):
    async def ask():
        async with httpx2.AsyncClient() as http:
            return await fetch_picture(http, url)

    return asyncio.run(ask())


class TestFetchPicture:
    def test_takes_a_small_picture(self, sandbox):
        found = fetch(f"{sandbox.graph_url}/media/face-1.png")

        assert found.content_type == "image/png"

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:1/face.png",
            "http://scontent.fbcdn.net/face.png",
            "https://fbcdn.net.evil.example/face.png",
            "https://evil-fbcdn.net/face.png",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_asks_nobody_but_meta(self, sandbox, url):
        assert fetch(url) is None

    def test_leaves_a_large_one(self, sandbox, monkeypatch):
        monkeypatch.setattr(profiles, "PICTURE_BYTES_MAX", 100)

        assert fetch(f"{sandbox.graph_url}/media/face-1.png") is None

    def test_leaves_what_isnt_there(self, sandbox):
        assert fetch(f"{sandbox.graph_url}/nowhere") is None


class TestReadPicture:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n.", "image/png"),
            (b"RIFF....WEBPVP8", "image/webp"),
        ],
    )
    def test_knows_pictures_by_their_bytes(self, content, kind):
        assert read_picture(content).content_type == kind

    @pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"RIFF....WAVE"])
    def test_takes_nothing_else(self, content):
        assert read_picture(content) is None
