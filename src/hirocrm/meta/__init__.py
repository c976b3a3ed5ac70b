"""A Page's connection to Meta: its token, its health, and what it does with what it learns."""
