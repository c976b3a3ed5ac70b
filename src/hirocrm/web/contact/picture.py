"""A contact's picture, from our own database: no other host learns who looks at whom."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from hirocrm.contacts import queries
from hirocrm.web.members import MemberHttpRequest, member_required

YEAR_SECONDS = 31_536_000


@require_GET
@member_required
def show(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """The picture. Its address holds its key, so a browser may keep it until there is another."""
    picture = queries.get_picture(member=request.member, contact_id=contact_id)
    response = HttpResponse(bytes(picture.content), content_type=picture.content_type)
    response["Cache-Control"] = f"private, max-age={YEAR_SECONDS}, immutable"
    return response
