"""Refusals about Pages and about connecting them."""

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


class LoginNotConfigured(Invalid):
    """There is no Meta app to log in with."""

    code = "login_not_configured"


class LoginStale(Conflict):
    """An answer of Meta's that no open login of this browser waits for."""

    code = "login_stale"


class LoginDeclined(Invalid):
    """The person didn't continue at Meta's dialog."""

    code = "login_declined"


class LoginFailed(Invalid):
    """Meta ended the login with an error, or nothing was chosen from it."""

    code = "login_failed"


class LoginNotFound(NotFound):
    """No login of this member's has Pages to choose from under this id."""

    code = "login_not_found"
