"""Counts of API requests by token and minute.

Unlogged: a count costs no write to the log, and a crash may forget who called how often.
"""

from django.db import migrations

CREATE = """
CREATE UNLOGGED TABLE organizations_requestwindow (
  caller uuid PRIMARY KEY,
  minute bigint NOT NULL,
  requests integer NOT NULL
) WITH (fillfactor = 50);
"""


class Migration(migrations.Migration):

    dependencies = [("organizations", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "DROP TABLE organizations_requestwindow")]
