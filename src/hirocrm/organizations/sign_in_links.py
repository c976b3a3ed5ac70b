"""A link that signs a user in once: for who runs the server and can't, or needn't, type a password."""

from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from hirocrm.organizations.models import User


class _LinkTokens(PasswordResetTokenGenerator):
    """Tokens that signing in uses up (they hold the time of the last one), and PASSWORD_RESET_TIMEOUT."""

    key_salt = "hirocrm.organizations.sign_in_links"


_tokens = _LinkTokens()


def make_sign_in_path(user: User) -> str:
    """The path of a link for this user, from the site's root."""
    return f"/sign-in/{urlsafe_base64_encode(force_bytes(user.pk))}/{_tokens.make_token(user)}"


def find_user_by_link(*, encoded_id: str, token: str) -> User | None:
    """The user whose link this is, or None if it was used, is too old or was never made."""
    try:
        user_id = UUID(force_str(urlsafe_base64_decode(encoded_id)))
    except ValueError:  # UnicodeDecodeError is one
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user is not None and _tokens.check_token(user, token) else None
