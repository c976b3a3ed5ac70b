"""Meta's Graph API on the wire: calls, shapes, errors, signatures. Knows no Django."""
