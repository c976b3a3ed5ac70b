"""Organizations, the people who work in them, their roles, API tokens and the audit log."""
