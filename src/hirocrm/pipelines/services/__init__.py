"""Writes: pipelines and stages, a person's moves, what a person says of the AI's suggestions."""

from hirocrm.pipelines.services.moves import get_target, move_contact, move_contacts
from hirocrm.pipelines.services.pipelines import (
    add_template,
    create_default_pipeline,
    create_pipeline,
    delete_pipeline,
    update_pipeline,
)
from hirocrm.pipelines.services.review import (
    accept_suggestion,
    correct_suggestion,
    dismiss_suggestion,
)
from hirocrm.pipelines.services.stages import (
    create_stage,
    delete_stage,
    reorder_stages,
    update_stage,
)
from hirocrm.pipelines.services.undo import undo_action

__all__ = [
    "accept_suggestion",
    "add_template",
    "correct_suggestion",
    "create_default_pipeline",
    "create_pipeline",
    "create_stage",
    "delete_pipeline",
    "delete_stage",
    "dismiss_suggestion",
    "get_target",
    "move_contact",
    "move_contacts",
    "reorder_stages",
    "undo_action",
    "update_pipeline",
    "update_stage",
]
