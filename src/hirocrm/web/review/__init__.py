"""The review queue: what the AI wasn't sure of, one contact at a time."""
