"""Writes: pipelines and stages, a person's moves, what a person says of the AI's suggestions."""

from hirocrm.pipelines.services.pipelines import (
    add_template,
    create_default_pipeline,
    create_pipeline,
    delete_pipeline,
    update_pipeline,
)

__all__ = [
    "add_template",
    "create_default_pipeline",
    "create_pipeline",
    "delete_pipeline",
    "update_pipeline",
]
