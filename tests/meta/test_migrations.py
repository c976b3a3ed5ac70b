"""Moves of data."""

from importlib import import_module

import pytest
from django.db import connection

from tests.factories import PageFactory

pytestmark = pytest.mark.django_db


class TestForgotten:
    def test_tells_a_page_removed_here_from_one_removed_at_meta(self, owner):
        removed = PageFactory(organization=owner.organization, state="removed")
        healthy = PageFactory(organization=owner.organization)

        with connection.cursor() as cursor:
            cursor.execute(import_module("hirocrm.meta.migrations.0007_forgotten").FORGET)

        removed.refresh_from_db()
        healthy.refresh_from_db()
        assert (removed.state, healthy.state) == ("forgotten", "healthy")
