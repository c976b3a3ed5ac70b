"""Pictures: only Meta's, only small ones, only what their bytes say."""

import asyncio

import httpx2
import pytest

from hirocrm.meta import profiles
from hirocrm.meta.profiles import fetch_picture, read_picture
from tests.meta.graph.loopback import Loopback, Reply

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def fetch(url: str):
    async def ask():
        async with httpx2.AsyncClient() as http:
            return await fetch_picture(http, url)

    return asyncio.run(ask())


async def fetch_from(settings, reply: Reply):
    async with Loopback(handler=lambda _: reply) as meta, httpx2.AsyncClient() as http:
        settings.FACEBOOK_GRAPH_URL = meta.url
        return await fetch_picture(http, f"{meta.url}/face.png")


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
            "https://[scontent.fbcdn.net/face.png",
            "https://[::1].fbcdn.net/face.png",
            "https://evil.example\\.fbcdn.net/face.png",
            "https://evil.example#.fbcdn.net/face.png",
            "https://evil.example?.fbcdn.net",
            "https://scontent.fbcdn.net@evil.example/face.png",
            "https://☃.fbcdn.net/face.png",
            "javascript:alert(1)//scontent.fbcdn.net",
            "//scontent.fbcdn.net/face.png",
        ],
    )
    def test_asks_nobody_but_meta(self, sandbox, url):
        assert fetch(url) is None

    @pytest.mark.parametrize(
        "path",
        ["\x00", "face\n.png", "x" * 70_000, "a b", "%zz"],
        ids=["nul", "newline", "giant", "space", "percent"],
    )
    def test_leaves_an_address_that_is_none(self, sandbox, path):
        assert fetch(f"{sandbox.graph_url}/{path}") is None

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(body=PNG, headers={"Content-Encoding": "gzip"}),
            Reply(body=PNG + b"\0" * 100_000),
            Reply(body=PNG, status=404),
            Reply(body=PNG, status=302, headers={"Location": "http://127.0.0.1:1/"}),
            Reply(body=PNG * 10, cut_after=20),
            Reply(body=b"<svg onload=alert(1)>", headers={"Content-Type": "image/png"}),
            Reply(body=b""),
            Reply(body=PNG, delay_seconds=5.0),
        ],
        ids=["packed", "large", "missing", "elsewhere", "half", "script", "empty", "late"],
    )
    def test_leaves_what_is_no_whole_small_picture(self, settings, monkeypatch, reply):
        monkeypatch.setattr(profiles, "PICTURE_SECONDS", 0.2)

        assert asyncio.run(fetch_from(settings, reply)) is None

    def test_takes_one_whatever_its_header_claims(self, settings):
        reply = Reply(body=PNG, headers={"Content-Type": "text/html"})

        assert asyncio.run(fetch_from(settings, reply)).content_type == "image/png"

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
