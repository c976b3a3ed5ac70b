"""What webhooks tell becomes contacts, conversations and messages, and asks for a fresh analysis."""
