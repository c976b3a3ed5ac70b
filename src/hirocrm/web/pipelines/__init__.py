"""Pipelines, their stages, and what the AI is told of them."""
