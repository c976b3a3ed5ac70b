"""The contact page's body, which a page asks for on every piece of news about its contact."""

import pytest
from django.urls import reverse

from tests.factories import ConversationFactory, MessageFactory
from tests.web.analyses import make_analysis

pytestmark = pytest.mark.django_db


class TestBody:
    @pytest.mark.parametrize("tab", ["conversation", "activity", "notes", "analyses"])
    def test_takes_few_statements(self, shop, owner, sign_in, django_assert_max_num_queries, tab):
        conversation = ConversationFactory(contact=shop.contact(shop.new))
        for _ in range(10):
            MessageFactory(conversation=conversation)
        make_analysis(contact=conversation.contact, conversation=conversation)
        headers = {"HX-Request": "true", "HX-Target": "contact-body"}
        client = sign_in(owner)

        with django_assert_max_num_queries(15):
            path = reverse("contact", args=[conversation.contact_id])
            answer = client.get(path, {"tab": tab}, headers=headers)

        assert "<html" not in answer.text
