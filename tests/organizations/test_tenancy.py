"""Every tenant row carries its organization, first in its indexes: read from the database itself."""

from typing import NamedTuple

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

# Indexes that begin with something else, by the reason (docs/decisions/0019).
ONE_IN_THE_WORLD = {
    "meta_page_remote_id_key",
    "meta_page_remote_id_645a77f0_like",
    "meta_page_instagram_account_id_key",
    "meta_page_instagram_account_id_16b01485_like",
    "meta_page_connected_user_id_4b747aea",
    "meta_page_connected_user_id_4b747aea_like",
    "login_by_state",
    "one_unreadable_entry",
    "organizations_apitoken_token_hash_key",
    "organizations_apitoken_token_hash_7f8a0052_like",
    "organizations_invitation_token_hash_key",
    "organizations_invitation_token_hash_1f49d8c3_like",
}
UNDER_A_PARENT = {
    "one_analysis_per_input",
    "analysis_learnedcase_assignment_id_key",
    "contact_without_profile",
    "one_contact_per_instagram_sid",
    "one_contact_per_psid",
    "one_conversation_per_remote_id",
    "one_erasure_per_person",
    "one_message_per_remote_id",
    "one_saved_view_per_name",
    "inbox_outgoingmessage_message_id_key",
    "outgoing_not_sent",
    "found_page_by_name",
    "one_found_page_per_login",
    "one_stage_per_name",
    "one_open_suggestion_each",
    "one_missed_conversation",
    "one_parked_event",
    "one_run_error_per_code_and_item",
    "one_position_per_platform",
    "one_open_sync_per_page",
}
ACROSS_ORGANIZATIONS = {
    "conversation_due",
    "key_by_provider",
    "login_by_expiry",
    "parked_event_by_age",
}
OTHER_KIND = {"contact_search", "contact_tags"}

# Rows of the install, or of nobody yet, beside those of organizations.
ALSO_OF_NOBODY = {"analysis_analysiskey", "meta_unreadableentry"}
OF_THE_INSTALL = {
    "analysis_analysisquota",
    "meta_webhookdelivery",
    "organizations_organization",
    "organizations_requestwindow",
    "organizations_user",
    "organizations_user_groups",
    "organizations_user_user_permissions",
    "privacy_deletionrequest",
}
FRAMEWORKS = ("account_", "auth_", "django_", "procrastinate_")

INDEXES = """
SELECT t.relname, i.relname, ix.indisprimary,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ix.indkey[0]),
       ix.indnkeyatts = 1 AND NOT ix.indisunique AND ix.indpred IS NULL AND EXISTS (
           SELECT FROM pg_constraint c
            WHERE c.conrelid = t.oid AND c.contype = 'f' AND c.conkey = ARRAY[ix.indkey[0]])
  FROM pg_index ix
  JOIN pg_class t ON t.oid = ix.indrelid
  JOIN pg_class i ON i.oid = ix.indexrelid
 WHERE t.relnamespace = 'public'::regnamespace
   AND EXISTS (SELECT FROM pg_attribute a
                WHERE a.attrelid = t.oid AND a.attname = 'organization_id' AND NOT a.attisdropped)
"""


class Index(NamedTuple):
    """`is_of_key`: Django's own index of one foreign key, which the database needs to delete the parent."""

    table: str
    name: str
    is_primary: bool
    first: list[str]
    is_of_key: bool


@pytest.fixture
def indexes() -> list[Index]:
    with connection.cursor() as cursor:
        cursor.execute(INDEXES)
        return [Index(*row) for row in cursor.fetchall()]


class TestIndexes:
    def test_begin_with_the_organization_or_have_a_reason(self, indexes):
        others = {
            index.name
            for index in indexes
            if index.first != ["organization_id"] and not index.is_primary and not index.is_of_key
        }

        assert others == ONE_IN_THE_WORLD | UNDER_A_PARENT | ACROSS_ORGANIZATIONS | OTHER_KIND


class TestRows:
    def test_have_an_organization(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND column_name = 'organization_id' AND is_nullable = 'YES'"
            )
            nullable = {table for (table,) in cursor.fetchall()}

        assert nullable == ALSO_OF_NOBODY

    def test_are_of_tables_that_have_one(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables t WHERE table_schema = 'public'"
                " AND NOT EXISTS (SELECT FROM information_schema.columns c"
                " WHERE c.table_name = t.table_name AND c.column_name = 'organization_id')"
            )
            without = {table for (table,) in cursor.fetchall()}

        ours = {table for table in without if not table.startswith(FRAMEWORKS)}
        assert ours == OF_THE_INSTALL
