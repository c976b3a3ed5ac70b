"""Runs: live while they go on, and a permanent page each."""
