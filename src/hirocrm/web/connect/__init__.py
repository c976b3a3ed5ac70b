"""Connecting with Facebook or Instagram: to Meta's dialog and back, choosing Pages, the first sync."""
