"""After a reconnect: bring what came while the connection was dead."""

from collections.abc import Sequence

from django.contrib import messages
from django.utils.translation import gettext as _

from hirocrm.core import clock
from hirocrm.core.errors import HiroError
from hirocrm.meta.models import Page
from hirocrm.sync import services as syncing
from hirocrm.web.members import MemberHttpRequest


def fetch_what_was_missed(request: MemberHttpRequest, pages: Sequence[Page]) -> None:
    """Start an incremental sync of the reconnected Pages that had been synced before."""
    started = 0
    for page in pages:
        if page.last_synced_at is None:
            continue
        try:
            syncing.start_sync(page=page, member=request.member, now=clock.now())
        except HiroError as refusal:
            messages.warning(request, f"{page.name}: {refusal.sentence}")
        else:
            started += 1
    if started:
        messages.info(request, _("What came in the meantime is being fetched."))
