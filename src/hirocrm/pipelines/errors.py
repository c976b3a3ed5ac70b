"""Refusals of this module."""

from hirocrm.core.errors import Conflict, Invalid, NotFound


class PipelineNotFound(NotFound):
    """No such pipeline in this organization."""

    code = "pipeline_not_found"


class StageNotFound(NotFound):
    """No such stage in this organization, or not in that pipeline."""

    code = "stage_not_found"


class SuggestionNotFound(NotFound):
    """Nothing under this id waits for a person: unknown, or answered already."""

    code = "suggestion_not_found"


class PipelineUnknown(Invalid):
    """The request names a pipeline that this organization doesn't have."""

    code = "pipeline_unknown"


class StageUnknown(Invalid):
    """The request names a stage that the pipeline doesn't have."""

    code = "stage_unknown"


class TemplateUnknown(Invalid):
    """There is no template of this name."""

    code = "template_unknown"


class NameTaken(Conflict):
    """A pipeline of the organization, or a stage of the pipeline, is called so already."""

    code = "name_taken"


class ContactMoved(Conflict):
    """Someone moved the contact since it was last looked at; the sentence says who."""

    code = "contact_moved"


class StageNotEmpty(Conflict):
    """The stage holds contacts, and nobody said where they go."""

    code = "stage_not_empty"
