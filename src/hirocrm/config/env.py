"""The only reader of the environment: every setting of HiroCRM, typed, with its default and unit."""

import os
import re
import secrets
import sys
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hirocrm.config import mail

ANALYZERS = ("auto", "gemini", "openai", "anthropic", "local")

# Free-tier figures Google no longer prints; they are a start, and each 429 corrects them.
FREE_TIER_RPM = 15
FREE_TIER_TPM = 250_000
FREE_TIER_RPD = 500


class SettingsError(Exception):
    """A setting has a value that can't be used; the sentence names it."""


class Env(BaseSettings):
    """Settings by the environment names of the documentation; an unusable value fails at start."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = None
    hirocrm_data_dir: Path = Path("hirocrm-data")
    hirocrm_secret_key: SecretStr | None = None
    hirocrm_base_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    hirocrm_debug: bool = False
    hirocrm_log_level: Literal["debug", "info", "warning", "error"] = "info"

    facebook_app_id: str = ""
    facebook_app_secret: SecretStr | None = None
    facebook_webhook_verify_token: SecretStr | None = None
    facebook_graph_url: str = "https://graph.facebook.com"
    facebook_graph_version: str = "v25.0"
    facebook_login_url: str = "https://www.facebook.com"
    facebook_login_config_id: str = ""

    instagram_app_id: str = ""
    instagram_app_secret: SecretStr | None = None
    instagram_graph_url: str = "https://graph.instagram.com"
    instagram_login_url: str = "https://www.instagram.com"
    instagram_token_url: str = "https://api.instagram.com"  # noqa: S105  # an address

    hirocrm_profile_pictures: Literal["off", "messenger", "all"] = "messenger"

    google_ai_base_url: str = "https://generativelanguage.googleapis.com"
    google_ai_model: str = "gemini-3.5-flash-lite"
    google_ai_rpm: Annotated[int, Field(ge=0)] = FREE_TIER_RPM
    google_ai_tpm: Annotated[int, Field(ge=0)] = FREE_TIER_TPM
    google_ai_rpd: Annotated[int, Field(ge=0)] = FREE_TIER_RPD

    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = ""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = "https://api.anthropic.com"
    anthropic_model: str = ""

    hirocrm_analyzer: Annotated[tuple[str, ...], NoDecode] = ("auto",)
    hirocrm_analysis_concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    hirocrm_analysis_debounce_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30
    hirocrm_webhook_retention_days: Annotated[int, Field(ge=1, le=365)] = 7

    email_url: SecretStr = SecretStr(mail.CONSOLE)

    @field_validator(
        "facebook_graph_url",
        "facebook_login_url",
        "instagram_graph_url",
        "instagram_login_url",
        "instagram_token_url",
        "google_ai_base_url",
        "openai_base_url",
        "anthropic_base_url",
    )
    @classmethod
    def _http_url(cls, value: str) -> str:
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("facebook_graph_version")
    @classmethod
    def _graph_version(cls, value: str) -> str:
        if not re.fullmatch(r"v\d+\.\d+", value):
            raise ValueError('must look like "v25.0"')
        return value

    @field_validator("hirocrm_analyzer", mode="before")
    @classmethod
    def _analyzer_order(cls, value: object) -> object:
        names = (
            tuple(part.strip().lower() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
        if (
            not isinstance(names, tuple)
            or not names
            or any(name not in ANALYZERS for name in names)
        ):
            raise ValueError(
                f"must be one of {', '.join(ANALYZERS)}, or several in order, comma-separated"
            )
        return names

    @field_validator("email_url")
    @classmethod
    def _email_url(cls, value: SecretStr) -> SecretStr:
        mail.parse_email_url(value.get_secret_value(), base_url="")
        return value

    @property
    def data_dir(self) -> Path:
        """Absolute folder of an embedded install."""
        return self.hirocrm_data_dir.expanduser().absolute()

    @property
    def google_ai_models(self) -> tuple[str, ...]:
        """The model asked first and those to fall back to, in order."""
        return tuple(part.strip() for part in self.google_ai_model.split(",") if part.strip())

    @cached_property
    def google_ai_keys(self) -> tuple[str, ...]:
        """The values of GOOGLE_AI_API_KEY, GOOGLE_AI_API_KEY_2, … in order, each once."""
        found: dict[int, str] = {}
        for name, value in os.environ.items():
            match = re.fullmatch(r"GOOGLE_AI_API_KEY(?:_(\d+))?", name, re.IGNORECASE)
            if match and value.strip():
                found[int(match[1] or 1)] = value.strip()
        return tuple(dict.fromkeys(found[number] for number in sorted(found)))

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that encrypt and sign: the first is used, all are accepted."""
        if self.hirocrm_secret_key is None:
            return (_generated_secret_key(self.data_dir),)
        keys = tuple(
            k.strip() for k in self.hirocrm_secret_key.get_secret_value().split(",") if k.strip()
        )
        if not keys or any(len(key) < 16 for key in keys):
            raise SettingsError("HIROCRM_SECRET_KEY: each key needs at least 16 characters.")
        return keys


def _generated_secret_key(data_dir: Path) -> str:
    """The key of an embedded install, made once and kept beside its database."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            # Written aside and linked, so that a process that starts at the same moment never reads half a key.
            draft = data_dir / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
            try:
                os.link(draft, path)
            finally:
                draft.unlink()
        except FileExistsError:
            pass
        return path.read_text(encoding="ascii").strip()
    except OSError as exc:
        raise SettingsError(
            f"HIROCRM_DATA_DIR: {data_dir} can't be written ({exc.strerror}). Choose another folder or free some space."
        ) from exc


@lru_cache(maxsize=1)
def load() -> Env:
    """Read the environment once.

    Raises:
        SettingsError: a value can't be used; the sentence names the setting.
    """
    try:
        return Env()
    except ValidationError as exc:
        first = exc.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}: {uncapitalized(message)}.") from None


def uncapitalized(message: str) -> str:
    """The message as the end of a sentence; an abbreviation at its beginning stays."""
    return message if message[:2].isupper() else message[:1].lower() + message[1:]


def running_under_pytest() -> bool:
    """Whether a test run holds this process (its settings differ in speed, never in behaviour)."""
    return "pytest" in sys.modules
