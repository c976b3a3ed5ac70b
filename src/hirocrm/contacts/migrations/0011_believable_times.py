"""Times that can't be meant, from before they were checked: years ahead, so that a conversation stayed on top.

It may be run again. One look through the messages; only rows with such a time are written. A message's time
becomes that of its arrival here; what follows from messages is taken from them anew.
"""

from django.db import migrations

AHEAD = "now() + interval '1 day'"

BELIEVE_MESSAGES = f"""
UPDATE contacts_message SET
  created_time = CASE WHEN created_time > stored_at + interval '1 day' THEN stored_at ELSE created_time END,
  edited_time = LEAST(edited_time, now()),
  deleted_time = LEAST(deleted_time, now())
WHERE created_time > stored_at + interval '1 day' OR edited_time > {AHEAD} OR deleted_time > {AHEAD}
"""  # noqa: S608  # a constant

BELIEVE_CONVERSATIONS = f"""
UPDATE contacts_conversation AS c SET
  last_message_at = CASE WHEN last_message_at <= {AHEAD} THEN last_message_at ELSE (
    SELECT max(m.created_time) FROM contacts_message m WHERE m.conversation_id = c.id) END,
  last_customer_message_at = CASE WHEN last_customer_message_at <= {AHEAD} THEN last_customer_message_at ELSE (
    SELECT max(m.created_time) FROM contacts_message m WHERE m.conversation_id = c.id AND m.sender = 'customer') END,
  customer_acted_at = CASE WHEN customer_acted_at <= {AHEAD} THEN customer_acted_at END,
  remote_updated_at = LEAST(remote_updated_at, now()),
  delivered_until = LEAST(delivered_until, now()),
  read_until = LEAST(read_until, now())
WHERE GREATEST(last_message_at, last_customer_message_at, customer_acted_at, remote_updated_at, delivered_until,
  read_until) > {AHEAD}
"""  # noqa: S608  # a constant

BELIEVE_CONTACTS = f"""
UPDATE contacts_contact AS p SET
  last_interaction_at = CASE WHEN last_interaction_at <= {AHEAD} THEN last_interaction_at ELSE (
    SELECT max(c.last_message_at) FROM contacts_conversation c WHERE c.contact_id = p.id) END,
  last_customer_message_at = CASE WHEN last_customer_message_at <= {AHEAD} THEN last_customer_message_at ELSE (
    SELECT max(c.last_customer_message_at) FROM contacts_conversation c WHERE c.contact_id = p.id) END,
  customer_acted_at = CASE WHEN customer_acted_at <= {AHEAD} THEN customer_acted_at END
WHERE GREATEST(last_interaction_at, last_customer_message_at, customer_acted_at) > {AHEAD}
"""  # noqa: S608  # a constant


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_history_stays")]

    operations = [
        migrations.RunSQL([BELIEVE_MESSAGES, BELIEVE_CONVERSATIONS, BELIEVE_CONTACTS], migrations.RunSQL.noop)
    ]
