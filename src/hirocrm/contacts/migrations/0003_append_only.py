"""Activities and stage history are append-only: the database itself refuses to change a row."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION hirocrm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER activity_is_append_only BEFORE UPDATE ON contacts_activity
  FOR EACH ROW EXECUTE FUNCTION hirocrm_append_only();
CREATE TRIGGER stage_change_is_append_only BEFORE UPDATE ON contacts_stagechange
  FOR EACH ROW EXECUTE FUNCTION hirocrm_append_only();
"""

ALLOW = """
DROP TRIGGER stage_change_is_append_only ON contacts_stagechange;
DROP TRIGGER activity_is_append_only ON contacts_activity;
DROP FUNCTION hirocrm_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [("contacts", "0002_pipelines")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
