"""What `docs/running/meta-app-review.md` has people enter at Meta is what HiroCRM has."""

from pathlib import Path

import pytest
from django.urls import reverse

from hirocrm.meta import login_dialog, requirements
from hirocrm.meta.models import Flavour

KIT = Path(__file__).parents[2] / "docs" / "running" / "meta-app-review.md"


@pytest.fixture(scope="module")
def rows() -> list[str]:
    return [line for line in KIT.read_text().splitlines() if line.startswith("|")]


def in_a_row(rows: list[str], *words: str) -> bool:
    return any(all(word in row for word in words) for row in rows)


class TestAddresses:
    @pytest.mark.parametrize("flavour", list(Flavour))
    def test_redirect_uris_are_named(self, rows, settings, flavour):
        settings.BASE_URL = "https://crm.example"

        assert in_a_row(rows, f"`{login_dialog.redirect_uri(flavour)}`")

    @pytest.mark.parametrize("name", ["meta-deauthorize", "meta-data-deletion"])
    @pytest.mark.parametrize("product", ["Basic|Facebook Login", "Instagram business login"])
    def test_callbacks_are_named_for_both_ways_of_logging_in(self, rows, name, product):
        address = f"`https://crm.example{reverse(name)}`"

        assert any(in_a_row(rows, address, where) for where in product.split("|"))


class TestPermissions:
    @pytest.mark.parametrize(
        "scope", [*requirements.LOGIN_SCOPES, *requirements.INSTAGRAM_LOGIN_SCOPES]
    )
    def test_what_is_asked_for_is_justified(self, rows, scope):
        assert in_a_row(rows, f"`{scope}`")

    def test_the_locale_is_not_asked_for_and_the_kit_says_so(self, rows):
        assert requirements.LOCALE_SCOPE not in requirements.LOGIN_SCOPES
        assert in_a_row(rows, f"`{requirements.LOCALE_SCOPE}`", "doesn't ask for it")
