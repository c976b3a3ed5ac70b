"""Refusals about runs."""

from hirocrm.core.errors import Conflict, Invalid, NotFound, OutOfSpace


class RunNotFound(NotFound):
    """No such run in this organization."""

    code = "run_not_found"


class RunAlreadyFinished(Conflict):
    """The run has ended; there is nothing to cancel."""

    code = "run_already_finished"


class RunStillOpen(Conflict):
    """The run hasn't ended yet."""

    code = "run_still_open"


class PageNotConnected(Conflict):
    """The Page has no token: it was imported, or removed."""

    code = "page_not_connected"


class NothingToDo(Invalid):
    """The request matches no contact."""

    code = "nothing_to_do"


class UploadNotFound(NotFound):
    """No such uploaded archive in this organization, or it has been thrown away."""

    code = "upload_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such upload. Upload the archive again.")


class UploadTooLarge(Invalid):
    """The uploaded archive is larger than the database should carry."""

    code = "upload_too_large"


class NoRoomForUpload(OutOfSpace):
    """The database's disk is full."""

    code = "no_room_for_upload"
