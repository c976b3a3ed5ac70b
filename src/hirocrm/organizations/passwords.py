"""Whether a password will do."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from hirocrm.organizations.errors import PasswordTooWeak
from hirocrm.organizations.models import User


def check_password_strength(password: str, *, email: str) -> None:
    """Apply the configured rules.

    Raises:
        PasswordTooWeak: the sentence names each rule it breaks.
    """
    try:
        validate_password(password, User(email=email))
    except ValidationError as exc:
        raise PasswordTooWeak(" ".join(exc.messages), field="password") from exc
