"""Reads: pipelines, the board, the review queue."""

from hirocrm.pipelines.queries.pipelines import (
    find_pipeline,
    get_pipeline,
    get_stage,
    list_pipelines,
)

__all__ = ["find_pipeline", "get_pipeline", "get_stage", "list_pipelines"]
