"""The timeline stays append-only, but for one thing: quotes of messages that were unsent are dropped."""

from django.db import migrations

ALLOW_DROPPING = """
CREATE OR REPLACE FUNCTION hirocrm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'contacts_activity' AND current_setting('hirocrm.dropping_quotes', true) = 'on' THEN
    -- Only the evidence in the metadata may differ.
    IF to_jsonb(NEW) #- '{metadata,evidence}' = to_jsonb(OLD) #- '{metadata,evidence}' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME;
END $$;
"""

FORBID = """
CREATE OR REPLACE FUNCTION hirocrm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_windows")]

    operations = [migrations.RunSQL(ALLOW_DROPPING, FORBID)]
