"""The organization, its members, AI keys and API tokens."""
