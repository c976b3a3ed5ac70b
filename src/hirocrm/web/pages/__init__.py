"""Facebook Pages: connected, set up, synced, removed."""
