"""Uploading an export archive, saying what only a person can tell about it, and past imports."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.core.platforms import Platform
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.sync import queries, uploads
from hirocrm.sync.errors import UploadNotFound
from hirocrm.sync.models import RunKind
from hirocrm.sync.sources.archive import MixedPlatforms, OwnNameAmbiguous
from hirocrm.sync.upload_choices import describe_upload
from hirocrm.web.imports.forms import OwnNameForm, PlatformForm
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of
from hirocrm.web.runs.presentation import view_of

IMPORTS_SHOWN = 20


@require_http_methods(["GET", "POST"])
@member_required
def imports(request: MemberHttpRequest) -> HttpResponse:
    """Past imports and the upload; a POST takes an archive in."""
    if request.method == "GET":
        return _show(request)
    permissions.require(request.member, Right.RUN)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _show(request, refusal=_("Choose the ZIP file first."), status=422)
    try:
        upload_id = uploads.save_upload(
            member=request.member, chunks=file.chunks(), now=clock.now(), name=file.name
        )
    except Invalid as exc:
        return _show(request, refusal=exc.sentence, code=exc.code, status=422)
    return _import(request, upload_id, own_name=None)


def _import(
    request: MemberHttpRequest,
    upload_id: UUID,
    *,
    own_name: str | None,
    platform: Platform | None = None,
) -> HttpResponse:
    try:
        run = uploads.import_upload(
            member=request.member,
            upload_id=upload_id,
            own_name=own_name,
            platform=platform,
            now=clock.now(),
        )
    except (MixedPlatforms, OwnNameAmbiguous):
        return _lead(request, resolve_url("import-name", upload_id))
    except Invalid as exc:
        return _show(request, refusal=exc.sentence, code=exc.code, status=422)
    return _lead(request, resolve_url("run", run.id))


def _lead(request: MemberHttpRequest, url: str) -> HttpResponse:
    """Go there, also when htmx has sent the file."""
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    return redirect(url)


def _lead_to_its_run(
    request: MemberHttpRequest, upload_id: UUID, platform: Platform | None
) -> HttpResponse:
    """Where the choice was made already, and the archive is read (the button pressed twice, the way back)."""
    run = uploads.imported_by(
        member=request.member, upload_id=upload_id, platform=platform, now=clock.now()
    )
    if run is None:
        raise UploadNotFound
    return _lead(request, resolve_url("run", run.id))


def _show(
    request: MemberHttpRequest, *, refusal: str = "", code: str = "", status: int = 200
) -> HttpResponse:
    may = rights_of(request.member)
    context = {"refusal": refusal, "code": code, "may": may}
    if request.headers.get("HX-Request"):
        answer = render(request, "imports/upload.html", context, status=status)
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#upload", "outerHTML"
        return answer
    now = clock.now()
    rows = queries.list_runs(organization_id=request.member.organization_id)
    context["runs"] = [
        view_of(run, groups=[], provider="", now=now)
        for run in rows.filter(kind=RunKind.IMPORT)[:IMPORTS_SHOWN]
    ]
    return render(request, "imports/page.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_required
def own_name(request: MemberHttpRequest, upload_id: UUID) -> HttpResponse:
    """Ask which download of two is meant and which name in it is the business, then import."""
    platform = PlatformForm(request.GET).told()
    try:
        summary = describe_upload(member=request.member, upload_id=upload_id, platform=platform)
    except MixedPlatforms:
        context = {"form": PlatformForm(request.GET or None), "upload_id": upload_id}
        return render(request, "imports/platform.html", context)
    except UploadNotFound:
        return _lead_to_its_run(request, upload_id, platform)
    names = [candidate.name for candidate in summary.candidates]
    form = OwnNameForm(request.POST if request.method == "POST" else None, names=names)
    if request.method == "POST" and form.is_valid():
        return _import(
            request, upload_id, own_name=form.cleaned_data["own_name"], platform=platform
        )
    context = {"summary": summary, "form": form, "upload_id": upload_id, "platform": platform}
    status = 422 if request.method == "POST" else 200
    return render(request, "imports/name.html", context, status=status)
