"""Refusals of this module."""

from hirocrm.core.errors import Invalid, NotFound


class RetentionInvalid(Invalid):
    """A number of days that can't be used."""

    code = "retention_invalid"


class DeletionRequestNotFound(NotFound):
    """No request has this confirmation code."""

    code = "deletion_request_not_found"
