"""Pipelines, stages, assignments by a person or the AI, and the review queue."""
