"""Signing in by a link from the command line."""
