"""Where a person came from, on their page."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db

AD = {
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ref": "promo1",
    "adId": "238",
    "adTitle": "Rainy Day <Sale>",
}
LINK = {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "leaflet", "adId": "", "adTitle": ""}


class TestOrigin:
    @pytest.mark.parametrize(
        ("referrals", "words"),
        [
            ([AD, LINK], "Came from the ad “Rainy Day &lt;Sale&gt;”"),
            ([{**AD, "adTitle": ""}], "Came from the ad “238”"),
            ([LINK, AD], "Came by the link “leaflet”"),
        ],
    )
    def test_is_the_first_that_is_known(self, shop, agent, sign_in, referrals, words):
        contact = shop.contact(shop.new, referrals=referrals)

        page = sign_in(agent).get(reverse("contact", args=[contact.id])).content.decode()

        assert words in page

    def test_is_left_out_where_nothing_is_known(self, shop, agent, sign_in):
        contact = shop.contact(shop.new)

        page = sign_in(agent).get(reverse("contact", args=[contact.id])).content.decode()

        assert "Came from" not in page
        assert "Came by" not in page
