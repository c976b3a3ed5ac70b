"""From what the analyser read to the words marked on the contact's page: no ids made up in between."""

import html
import re
from urllib.parse import unquote, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.urls import reverse

from hirocrm.analysis.models import Analysis
from hirocrm.meta.models import Page
from hirocrm.sync.webhooks.rewording import drop_quotes
from tests.analysis.learning.shop import Shop, open_shop

pytestmark = pytest.mark.django_db(transaction=True)
HREF = re.compile(r'class="evidence-card" href="([^"]*)"')
PLACE = re.compile(r'<li class="message [^>]*id="([^"]+)"')


@pytest.fixture
def shop():
    return open_shop()


def read(shop: Shop, *lines: str):
    chat = shop.chat(*lines)
    async_to_sync(shop.read)(shop.batch([chat]))
    connections.close_all()
    return chat


def targets(page: str) -> list[str]:
    return [unquote(urlsplit(html.unescape(href)).fragment) for href in HREF.findall(page)]


class TestEvidence:
    def test_leads_to_its_message_and_marks_its_words(self, shop, sign_in):
        chat = read(shop, "c Hi po magkano yung red dress?", "b 450 po", "c sige kukunin ko na po")

        page = sign_in(shop.member).get(reverse("contact", args=[chat.contact_id])).content.decode()

        quoted = Analysis.objects.get(conversation=chat).evidence
        assert quoted
        assert targets(page) == [f"message-{one['messageId']}" for one in quoted]
        assert set(targets(page)) <= {html.unescape(place) for place in PLACE.findall(page)}
        assert html.escape(f"<mark>{quoted[0]['quote']}</mark>", quote=False) in html.escape(
            page, quote=False
        )

    def test_leads_to_a_message_that_is_further_back(self, shop, sign_in):
        chat = read(
            shop, "c sige kukunin ko na po, bayad na", *(f"b salamat po {n}" for n in range(90))
        )
        first = chat.messages.order_by("created_time").first()
        Analysis.objects.update(evidence=[{"messageId": first.remote_id, "quote": "kukunin ko na"}])
        client, address = sign_in(shop.member), reverse("contact", args=[chat.contact_id])

        (href,) = HREF.findall(client.get(address).content.decode())
        there = client.get(address + html.unescape(href).partition("#")[0]).content.decode()

        assert f"message-{first.remote_id}" not in PLACE.findall(
            client.get(address).content.decode()
        )
        assert f"message-{first.remote_id}" in PLACE.findall(there)
        assert "<mark>kukunin ko na</mark>" in there

    def test_goes_with_the_message_that_is_unsent(self, shop):
        chat = read(shop, "c Hi po magkano yung red dress?", "b 450 po", "c sige kukunin ko na po")
        quoted = {one["messageId"] for one in Analysis.objects.get(conversation=chat).evidence}
        unsent = chat.messages.filter(remote_id__in=quoted)

        with transaction.atomic():
            drop_quotes(page=Page.objects.get(), message_ids=[row.pk for row in unsent])

        assert Analysis.objects.get(conversation=chat).evidence == []
