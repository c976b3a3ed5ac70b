"""Privacy: Meta's callbacks, a person's export, and how long things are kept."""
