"""A stand-in for Meta's Graph API: Messenger and Instagram conversations, tokens, login, sending."""
