"""After a reconnect: bring what came while the connection was dead."""

from collections.abc import Sequence

from django.contrib import messages
from django.utils.translation import gettext as _

from hirocrm.core import clock
from hirocrm.core.errors import HiroError
from hirocrm.meta.models import Page
from hirocrm.sync import first
from hirocrm.sync import services as syncing
from hirocrm.sync.models import SyncRun
from hirocrm.web.members import MemberHttpRequest


def fetch_what_was_missed(request: MemberHttpRequest, pages: Sequence[Page]) -> None:
    """Sync the reconnected Pages that had been synced before; a first sync that was cut off goes on."""
    started = 0
    for page in pages:
        try:
            started += _start(request, page) is not None
        except HiroError as refusal:
            messages.warning(request, f"{page.name}: {refusal.sentence}")
    if started:
        messages.info(request, _("What came in the meantime is being fetched."))


def _start(request: MemberHttpRequest, page: Page) -> SyncRun | None:
    if page.last_synced_at is None:
        return first.resume(page=page, member=request.member, now=clock.now())
    return syncing.start_sync(page=page, member=request.member, now=clock.now())
