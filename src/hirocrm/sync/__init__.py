"""Sync runs, and every source that yields conversation snapshots."""
