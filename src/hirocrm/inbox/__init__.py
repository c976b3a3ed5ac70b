"""Answering customers: windows, limits, outgoing messages and what became of them, quick replies."""
