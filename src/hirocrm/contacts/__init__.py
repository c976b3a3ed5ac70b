"""Contacts, their conversations, messages, activities, notes, tasks and tags; ingest of snapshots."""
