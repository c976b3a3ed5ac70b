"""/events."""

from django.http import StreamingHttpResponse
from django.views.decorators.http import require_GET

from hirocrm.web.live.stream import stream_news
from hirocrm.web.members import MemberHttpRequest, async_member_required


@require_GET
@async_member_required
async def events(request: MemberHttpRequest) -> StreamingHttpResponse:
    """Stream the news of the member's organization until the page is left."""
    return StreamingHttpResponse(
        stream_news(organization_id=request.member.organization_id),
        content_type="text/event-stream",
        headers={
            "Cache-Control": "no-cache",
            "Content-Encoding": "identity",  # Django zips each event by itself; browsers unzip the first
            "X-Accel-Buffering": "no",
        },
    )
