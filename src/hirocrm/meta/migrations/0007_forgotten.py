from django.db import migrations

# "removed" meant a Page that was removed here, and now means that the app was removed at Meta. Few rows.
FORGET = "UPDATE meta_page SET state = 'forgotten' WHERE state = 'removed'"
BACK = "UPDATE meta_page SET state = 'removed' WHERE state = 'forgotten'"


class Migration(migrations.Migration):
    dependencies = [("meta", "0006_states")]

    operations = [migrations.RunSQL(FORGET, BACK)]
