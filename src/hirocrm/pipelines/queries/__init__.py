"""Reads: pipelines, the board, the review queue."""

from hirocrm.pipelines.queries.board import (
    CARDS,
    Column,
    Unplaced,
    count_unplaced,
    get_board,
    get_column,
    get_columns,
    list_cards,
    list_heads,
)
from hirocrm.pipelines.queries.pipelines import (
    find_pipeline,
    get_pipeline,
    get_stage,
    list_pipelines,
    list_stages,
)
from hirocrm.pipelines.queries.review import (
    describe_last_move,
    get_suggestion,
    list_assignments,
    list_suggestions,
)

__all__ = [
    "CARDS",
    "Column",
    "Unplaced",
    "count_unplaced",
    "describe_last_move",
    "find_pipeline",
    "get_board",
    "get_column",
    "get_columns",
    "get_pipeline",
    "get_stage",
    "get_suggestion",
    "list_assignments",
    "list_cards",
    "list_heads",
    "list_pipelines",
    "list_stages",
    "list_suggestions",
]
