"""Privacy duties: export and erasure of a person, retention, Meta's deauthorize and deletion callbacks."""
