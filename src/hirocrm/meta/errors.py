"""Refusals about Pages."""

from hirocrm.core.errors import Conflict, Invalid, NotFound


class PageNotFound(NotFound):
    """No such Page in this organization."""

    code = "page_not_found"


class PageTaken(Conflict):
    """Another organization of this install holds the Page."""

    code = "page_taken"


class InstagramTaken(Conflict):
    """The Instagram account belongs to another Page already."""

    code = "instagram_taken"


class PageTokenRefused(Invalid):
    """Facebook doesn't take the token, or it is another Page's."""

    code = "page_token_refused"


class PageSettingInvalid(Invalid):
    """A Page setting has a value that can't be used."""

    code = "page_setting_invalid"
