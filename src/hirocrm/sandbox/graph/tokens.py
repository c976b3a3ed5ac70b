"""Access tokens: who they are for, and whether they still live."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from itertools import count

APP_ID = "100000000000001"
APP_SECRET = "sandbox-app-secret"  # noqa: S105  # the sandbox's own, worth nothing elsewhere
INSTAGRAM_APP_ID = "100000000000002"
INSTAGRAM_APP_SECRET = "sandbox-instagram-secret"  # noqa: S105  # the sandbox's own
USER_ID = "9000000000000001"
SCOPES = (
    "pages_show_list", "pages_messaging", "pages_manage_metadata", "pages_read_engagement",
    "instagram_basic", "instagram_manage_messages", "business_management",
)  # fmt: skip
SIXTY_DAYS_SECONDS = 5_183_944


@dataclass(slots=True)
class Token:
    """One access token. `subcode` says why a dead one died (None: no subcode)."""

    value: str
    type: str  # USER, PAGE, INSTAGRAM or APP
    page_id: str = ""
    user_id: str = USER_ID
    scopes: tuple[str, ...] = SCOPES
    issued_at: int = 0
    expires_at: int = 0
    is_valid: bool = True
    subcode: int | None = None
    page_ids: tuple[str, ...] | None = None
    targets: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # Pages of scopes for some only

    def scopes_of(self, page_id: str) -> tuple[str, ...]:
        """The scopes that were given for a Page."""
        return tuple(s for s in self.scopes if page_id in self.targets.get(s, (page_id,)))


@dataclass
class TokenBook:
    """All tokens and login codes ever issued, and the app they belong to."""

    app_id: str = APP_ID
    app_secret: str = APP_SECRET
    instagram_app_id: str = INSTAGRAM_APP_ID
    instagram_app_secret: str = INSTAGRAM_APP_SECRET
    requires_proof: bool = False
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Token] = field(default_factory=dict)
    _serial: "count[int]" = field(default_factory=lambda: count(1))

    def add_code(self, token: Token) -> str:
        """A login code worth a token; `token.value` is the redirect_uri that it is for."""
        code = "AQ" + secrets.token_urlsafe(24)
        self.codes[code] = token
        return code

    def issue(self, kind: str, *, page_id: str = "", value: str = "", **more: object) -> Token:
        """A new living token; its text is invented unless given."""
        start = "IGAA" if kind == "INSTAGRAM" else "EAA"
        value = value or f"{start}SANDBOX{kind}{page_id}N{next(self._serial)}"
        token = Token(value, kind, page_id, issued_at=int(time.time()))
        for name, given in more.items():
            setattr(token, name, given)
        self.tokens[value] = token
        return token

    def find(self, value: str) -> Token | None:
        """The token with this text; `APP_ID|APP_SECRET` is the app's own."""
        if value == f"{self.app_id}|{self.app_secret}":
            return Token(value, "APP")
        return self.tokens.get(value)

    def page_token(self, page_id: str) -> Token | None:
        """The Page's newest living token."""
        living = self._living(page_id, "PAGE")
        return living[-1] if living else None

    def _living(self, page_id: str, *kinds: str) -> list[Token]:
        tokens = self.tokens.values()
        return [t for t in tokens if t.page_id == page_id and t.is_valid and t.type in kinds]

    def kill_page(self, page_id: str, subcode: int | None) -> int:
        """End all tokens of a Page and of its Instagram account; how many there were."""
        living = self._living(page_id, "PAGE", "INSTAGRAM")
        for token in living:
            token.is_valid, token.subcode = False, subcode
        return len(living)

    def proof_is_right(self, token: str, proof: str) -> bool:
        """Whether `appsecret_proof` fits the token; a missing one passes unless it is required."""
        if not proof:
            return not self.requires_proof
        is_instagram = token.startswith("IGAA")
        secret = self.instagram_app_secret if is_instagram else self.app_secret
        expected = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, proof.encode("ascii", "replace").decode())
