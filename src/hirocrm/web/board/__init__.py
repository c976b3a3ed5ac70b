"""The board: contacts in columns by stage."""
