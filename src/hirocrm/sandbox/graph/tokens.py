"""Access tokens: who they are for, and whether they still live."""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from itertools import count

APP_ID = "100000000000001"
APP_SECRET = "sandbox-app-secret"  # noqa: S105  # the sandbox's own, worth nothing elsewhere
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
    type: str  # USER, PAGE or APP
    page_id: str = ""
    user_id: str = USER_ID
    scopes: tuple[str, ...] = SCOPES
    issued_at: int = 0
    expires_at: int = 0
    is_valid: bool = True
    subcode: int | None = None
    page_ids: tuple[str, ...] | None = None


@dataclass
class TokenBook:
    """All tokens and login codes ever issued, and the app they belong to."""

    app_id: str = APP_ID
    app_secret: str = APP_SECRET
    requires_proof: bool = False
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Token] = field(default_factory=dict)
    _serial: "count[int]" = field(default_factory=lambda: count(1))

    def issue(self, kind: str, *, page_id: str = "", value: str = "", **more: object) -> Token:
        """A new living token; its text is invented unless given."""
        value = value or f"EAASANDBOX{kind}{page_id}N{next(self._serial)}"
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
        living = [t for t in self.tokens.values() if t.page_id == page_id and t.is_valid]
        return living[-1] if living else None

    def kill_page(self, page_id: str, subcode: int | None) -> int:
        """End all tokens of a Page; how many there were."""
        living = [t for t in self.tokens.values() if t.page_id == page_id and t.is_valid]
        for token in living:
            token.is_valid, token.subcode = False, subcode
        return len(living)

    def proof_is_right(self, token: str, proof: str) -> bool:
        """Whether `appsecret_proof` fits the token; a missing one passes unless it is required."""
        if not proof:
            return not self.requires_proof
        expected = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, proof.encode("ascii", "replace").decode())
