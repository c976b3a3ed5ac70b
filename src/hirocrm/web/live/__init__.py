"""News for open pages: one stream of server-sent events for each."""
