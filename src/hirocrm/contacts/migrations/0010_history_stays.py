"""A row of the timeline or the stage history is deleted only together with its contact."""

from django.db import migrations

# Looked at when the transaction ends: whoever erases a contact deletes its history first, then the contact.
REFUSE = """
CREATE FUNCTION hirocrm_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM contacts_contact WHERE id = OLD.contact_id) THEN
    RAISE EXCEPTION 'rows of % are append-only: they go with their contact', TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER activity_stays AFTER DELETE ON contacts_activity
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hirocrm_history_stays();
CREATE CONSTRAINT TRIGGER stage_change_stays AFTER DELETE ON contacts_stagechange
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hirocrm_history_stays();
"""

ALLOW = """
DROP TRIGGER stage_change_stays ON contacts_stagechange;
DROP TRIGGER activity_stays ON contacts_activity;
DROP FUNCTION hirocrm_history_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0009_tag_removals")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
