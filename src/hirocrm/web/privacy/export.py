"""All that is kept of one person, as a file."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hirocrm.core import clock
from hirocrm.privacy.export import export_contact
from hirocrm.web.members import MemberHttpRequest, member_required


@never_cache
@require_GET
@member_required
def contact(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Give the contact's export as a download."""
    found = export_contact(member=request.member, contact_id=contact_id, now=clock.now())
    response = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="contact-{contact_id}.json"'
    return response
