"""Pipelines: the list with its templates, and the editor."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.queries import ContactFilter
from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Invalid
from hirocrm.organizations import onboarding, permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries, services
from hirocrm.pipelines.errors import StageNotEmpty, StageUnknown
from hirocrm.pipelines.models import Pipeline
from hirocrm.pipelines.templates import TEMPLATES
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.pipelines.forms import TYPES, DeleteStageForm, ExampleForm, PipelineForm, StageForm
from hirocrm.web.refusals import add_refusal
from hirocrm.web.rights import rights_of

WORDS = dict(TYPES)


@require_GET
@member_required
def pipeline_list(request: MemberHttpRequest) -> HttpResponse:
    """All pipelines, and the templates to start another from."""
    onboarding.mark_seen(member=request.member, step="stages")
    context = {
        "pipelines": queries.list_pipelines(member=request.member),
        "templates": TEMPLATES.values(),
        "may": rights_of(request.member),
    }
    return render(request, "pipelines/list.html", context)


@require_POST
@member_required
def add(request: MemberHttpRequest) -> HttpResponse:
    """Make a pipeline from a template."""
    pipeline = services.add_template(member=request.member, key=request.POST.get("template", ""))
    messages.success(request, _("%(name)s is ready.") % {"name": pipeline.name})
    return redirect("pipeline", pipeline.id)


@require_http_methods(["GET", "POST"])
@member_required
def pipeline_detail(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """The editor; a POST changes the pipeline itself."""
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    if request.method == "GET":
        return _show(request, pipeline)
    form = PipelineForm(request.POST)
    if form.is_valid():
        try:
            services.update_pipeline(
                member=request.member, pipeline_id=pipeline_id, changes=form.cleaned_data
            )
        except (Invalid, Conflict) as exc:
            add_refusal(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("pipeline", pipeline_id)
    return _show(request, pipeline, form=form, status=422)


def _show(
    request: MemberHttpRequest,
    pipeline: Pipeline,
    *,
    form: PipelineForm | None = None,
    stage_form: StageForm | None = None,
    example_form: ExampleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "pipeline": pipeline,
        "rows": [(one, WORDS[one.type]) for one in pipeline.stages.all()],
        "form": form or PipelineForm(initial=PipelineForm.values_of(pipeline)),
        "stage_form": stage_form or StageForm(auto_id="new_stage_%s"),
        "example_form": example_form or ExampleForm(pipeline=pipeline, auto_id="example_%s"),
        "may": rights_of(request.member),
    }
    return render(request, "pipelines/page.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_required
def delete(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Ask, then delete a pipeline; its contacts stay, without one."""
    permissions.require(request.member, Right.CONFIGURE)
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    if request.method == "GET":
        return render(request, "pipelines/delete.html", {"pipeline": pipeline})
    services.delete_pipeline(member=request.member, pipeline_id=pipeline_id)
    messages.success(request, _("%(name)s is deleted.") % {"name": pipeline.name})
    return redirect("pipelines")


@require_POST
@member_required
def add_stage(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Add a stage at the end."""
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    form = StageForm(request.POST, auto_id="new_stage_%s")
    if form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            services.create_stage(
                member=request.member,
                pipeline_id=pipeline_id,
                name=fields.pop("name"),
                fields=fields,
            )
        except (Invalid, Conflict) as exc:
            add_refusal(form, exc)
        else:
            return redirect("pipeline", pipeline_id)
    return _show(request, pipeline, stage_form=form, status=422)


@require_http_methods(["GET", "POST"])
@member_required
def stage(request: MemberHttpRequest, pipeline_id: UUID, stage_id: UUID) -> HttpResponse:
    """Change a stage."""
    permissions.require(request.member, Right.CONFIGURE)
    found = queries.get_stage(member=request.member, stage_id=stage_id, pipeline_id=pipeline_id)
    form = StageForm(
        request.POST if request.method == "POST" else None, initial=StageForm.values_of(found)
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.update_stage(
                member=request.member, stage_id=stage_id, changes=form.cleaned_data
            )
        except (Invalid, Conflict) as exc:
            add_refusal(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("pipeline", pipeline_id)
    status = 422 if request.method == "POST" else 200
    return render(request, "pipelines/stage.html", {"stage": found, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@member_required
def delete_stage(request: MemberHttpRequest, pipeline_id: UUID, stage_id: UUID) -> HttpResponse:
    """Ask where a stage's contacts go, then delete it."""
    permissions.require(request.member, Right.CONFIGURE)
    found = queries.get_stage(member=request.member, stage_id=stage_id, pipeline_id=pipeline_id)
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    others = [one for one in pipeline.stages.all() if one.id != stage_id]
    data = request.POST if request.method == "POST" else None
    count = _count_in(request.member, stage_id)
    form = DeleteStageForm(data, others=others, count=count)
    if request.method == "POST" and form.is_valid():
        try:
            moved = services.delete_stage(
                member=request.member,
                stage_id=stage_id,
                move_to=form.cleaned_data.get("move_to"),
                now=clock.now(),
            )
        except StageNotEmpty:  # somebody came in meanwhile: now it is asked
            count = _count_in(request.member, stage_id)
            form = DeleteStageForm(data, others=others, count=count)
        except StageUnknown as exc:
            add_refusal(form, exc, {"moveTo": "move_to"})
        else:
            words = ngettext("%(n)s contact moved.", "%(n)s contacts moved.", moved) % {"n": moved}
            messages.success(request, words if moved else _("The stage is deleted."))
            return redirect("pipeline", pipeline_id)
    status = 422 if request.method == "POST" else 200
    context = {"stage": found, "pipeline": pipeline, "form": form, "count": count}
    return render(request, "pipelines/delete_stage.html", context, status=status)


def _count_in(member: Member, stage_id: UUID) -> int:
    return contacts.list_contacts(member=member, wanted=ContactFilter(stage_id=stage_id)).count()


@require_POST
@member_required
def reorder(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Put the stages into the order of `stage` fields, or move `up` or `down` one of them a place."""
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    order = [str(one.id) for one in pipeline.stages.all()]
    sent = request.POST.getlist("stage")
    for name, step in (("up", -1), ("down", 1)):
        if request.POST.get(name) in order:
            sent = _moved(order, request.POST[name], step)
    services.reorder_stages(
        member=request.member, pipeline_id=pipeline_id, stage_ids=_stage_ids(sent)
    )
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("pipeline", pipeline_id)


def _moved(order: list[str], one: str, step: int) -> list[str]:
    rest = [other for other in order if other != one]
    place = max(0, order.index(one) + step)
    return [*rest[:place], one, *rest[place:]]


def _stage_ids(sent: list[str]) -> list[UUID]:
    ids = [found for one in sent if (found := read_uuid(one))]
    if len(ids) < len(sent):
        raise Http404
    return ids


@require_POST
@member_required
def add_example(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Give the AI one more example."""
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    form = ExampleForm(request.POST, pipeline=pipeline, auto_id="example_%s")
    if not form.is_valid():
        return _show(request, pipeline, example_form=form, status=422)
    examples = [*pipeline.ai_examples, form.cleaned_data]
    services.update_pipeline(
        member=request.member, pipeline_id=pipeline_id, changes={"ai_examples": examples}
    )
    return redirect("pipeline", pipeline_id)


@require_POST
@member_required
def remove_example(request: MemberHttpRequest, pipeline_id: UUID, place: int) -> HttpResponse:
    """Take an example away."""
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    examples = [one for at, one in enumerate(pipeline.ai_examples) if at != place]
    services.update_pipeline(
        member=request.member, pipeline_id=pipeline_id, changes={"ai_examples": examples}
    )
    return redirect("pipeline", pipeline_id)
