"""A customer's profile and picture from Meta.

Reference: https://developers.facebook.com/docs/messenger-platform/identity/user-profile and
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/user-profile
"""

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import structlog
from django.conf import settings

from hirocrm.core.platforms import Platform
from hirocrm.meta import requirements
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.shapes import Profile
from hirocrm.meta.models import Page

log = structlog.get_logger(__name__)

PICTURE_BYTES_MAX = 100_000
PICTURE_SECONDS = 10.0  # for all of it: a host that drips would hold up everybody else's
# Meta's own picture hosts; an address anywhere else is not asked for, whatever a profile says.
_PICTURE_HOSTS = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
_HOST = re.compile(r"[a-z0-9.-]+")  # urlsplit and httpx2 read stranger ones differently
_KINDS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RIFF", "image/webp"),
)
# What Meta says instead of a name when it hides one.
_NO_NAMES = frozenset({"facebook user", "instagram user"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture, and what its bytes say it is."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What Meta tells of a customer; anything may be empty."""

    name: str = ""
    username: str = ""
    locale: str = ""
    picture: Picture | None = None

    @property
    def is_empty(self) -> bool:
        """Whether Meta told nothing at all, as it does to an app that may not know."""
        return not (self.name or self.username or self.picture)


async def fetch_person(
    graph: GraphClient, http: httpx2.AsyncClient, *, page: Page, remote_id: str, platform: Platform
) -> Person:
    """Ask for one customer's profile, and for their picture where the install keeps pictures.

    Raises:
        GraphError: the profile can't be had; a picture that can't is left out.
    """
    with_locale = (
        platform is Platform.MESSENGER and requirements.LOCALE_SCOPE in page.granted_scopes
    )
    profile = await graph.get_profile(remote_id, platform, with_locale=with_locale)
    picture = None
    if profile.profile_pic and keeps_pictures(platform):
        picture = await fetch_picture(http, profile.profile_pic)
    return Person(
        name=_name(profile),
        username=profile.username or "",
        locale=(profile.locale or "")[:20],
        picture=picture,
    )


def _name(profile: Profile) -> str:
    parts = f"{profile.first_name or ''} {profile.last_name or ''}".strip()
    name = parts or (profile.name or "").strip()
    return "" if name.casefold() in _NO_NAMES else name


def keeps_pictures(platform: Platform) -> bool:
    """Whether this install keeps pictures of a platform's people."""
    wish = settings.PROFILE_PICTURES
    return bool(wish == "all" or (wish == "messenger" and platform is Platform.MESSENGER))


async def fetch_picture(http: httpx2.AsyncClient, url: str) -> Picture | None:
    """The picture at `url`, or None when it isn't Meta's, isn't small, or can't be had."""
    if not _is_metas(url):
        return None
    try:
        async with asyncio.timeout(PICTURE_SECONDS):
            content = await _download(http, url)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as fault:
        log.info("picture.not_fetched", kind=type(fault).__name__)
        return None
    return read_picture(content)


async def _download(http: httpx2.AsyncClient, url: str) -> bytes:
    """What lies at `url`; nothing when it is too much, or packed, so that its size isn't known beforehand."""
    headers, content = {"Accept-Encoding": "identity"}, b""
    async with http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
        is_plain = answer.headers.get("content-encoding", "identity") == "identity"
        if answer.status_code != 200 or not is_plain:
            return b""
        async for part in answer.aiter_raw():
            content += part
            if len(content) > PICTURE_BYTES_MAX:
                return b""
    return content


def read_picture(content: bytes) -> Picture | None:
    """The picture if its first bytes are a picture's; what a header claims counts for nothing."""
    for start, kind in _KINDS:
        if content.startswith(start) and (kind != "image/webp" or content[8:12] == b"WEBP"):
            return Picture(content, kind)
    return None


def _is_metas(url: str) -> bool:
    """Whether an address is of Meta's picture hosts, or of the host that stands before Meta here."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return False
    host = parts.hostname or ""
    if parts.scheme == "https" and _HOST.fullmatch(host) and host.endswith(_PICTURE_HOSTS):
        return True
    own = {urlsplit(settings.FACEBOOK_GRAPH_URL), urlsplit(settings.INSTAGRAM_GRAPH_URL)}
    return any((parts.scheme, parts.netloc) == (one.scheme, one.netloc) for one in own)
