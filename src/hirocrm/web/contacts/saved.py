"""Views of the list that are kept under a name."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from hirocrm.contacts import services
from hirocrm.core import clock
from hirocrm.web.filters import read_filters
from hirocrm.web.members import MemberHttpRequest, member_required


@require_POST
@member_required
def save(request: MemberHttpRequest) -> HttpResponse:
    """Keep the filters of the address under a name, and show that view."""
    now = clock.now()
    view = services.save_view(
        member=request.member,
        name=request.POST.get("name", ""),
        query=read_filters(request.GET, now=now).query,
        is_shared=request.POST.get("shared") == "1",
        now=now,
    )
    return redirect(f"{reverse('contacts')}?{view.query}")


@require_POST
@member_required
def remove(request: MemberHttpRequest, view_id: UUID) -> HttpResponse:
    """Forget a view of one's own."""
    services.delete_view(member=request.member, view_id=view_id)
    return redirect("contacts")
