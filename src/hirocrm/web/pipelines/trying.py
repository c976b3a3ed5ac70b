"""Trying the stages on real conversations, saved or as they are being written."""

from copy import copy
from dataclasses import dataclass
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from hirocrm.analysis import trying
from hirocrm.analysis.asker import asker_for
from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.core import clock
from hirocrm.organizations import onboarding, permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries
from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.web.contact.opinion import Choice, author_of, choice_of
from hirocrm.web.members import MemberHttpRequest, async_member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.pipelines.forms import StageForm

OFFERED = 30  # contacts to choose from, those who wrote last


@dataclass(frozen=True, slots=True)
class Answer:
    """What the AI says of a contact, beside where the contact is."""

    contact: Contact
    stage: Stage | None
    choices: list[Choice]
    confidence: int
    reasoning: str
    quotes: list[str]
    author: str
    problem: str

    @property
    def differs(self) -> bool:
        """Whether the AI would have it elsewhere."""
        return (
            bool(self.choices)
            and self.stage is not None
            and self.choices[0].stage_id != self.stage.id
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the pipeline, its stages with the draft among them, and of whom."""

    pipeline: Pipeline
    stages: list[Stage]
    draft: StageForm | None
    drafted: Stage | None
    contact_id: UUID | None
    offered: list[Contact]
    analyser: str


@require_http_methods(["GET", "POST"])
@async_member_required
async def try_pipeline(request: MemberHttpRequest, pipeline_id: UUID) -> HttpResponse:
    """Show what the AI would say of a contact, or of the five who wrote last; nothing is moved."""
    question = await sync_to_async(_question)(request, pipeline_id)
    answers = None
    is_valid = question.draft is None or question.draft.is_valid()
    if request.method == "POST" and is_valid:
        tried = await trying.try_stages(
            member=request.member,
            pipeline=question.pipeline,
            stages=question.stages,
            contact_id=question.contact_id,
            now=clock.now(),
        )
        answers = [_answer(one, question) for one in tried]
    return await sync_to_async(_show)(request, question, answers, status=200 if is_valid else 422)


def _question(request: MemberHttpRequest, pipeline_id: UUID) -> Question:
    permissions.require(request.member, Right.RUN)
    pipeline = queries.get_pipeline(member=request.member, pipeline_id=pipeline_id)
    stages = list(pipeline.stages.all())
    newest = contacts.list_contacts(member=request.member).order_by("-last_interaction_at", "-id")
    drafted = next((one for one in stages if str(one.id) == request.POST.get("drafted")), None)
    draft = StageForm(request.POST) if drafted else None
    if request.method == "POST":
        onboarding.mark_seen(member=request.member, step="try_ai")
    who = asker_for(request.member.organization)
    return Question(
        pipeline=pipeline,
        stages=[_changed(one, draft) if one is drafted else one for one in stages],
        draft=draft,
        drafted=drafted,
        contact_id=read_uuid(request.POST.get("contact") or request.GET.get("contact", "")),
        offered=list(newest.filter(last_interaction_at__isnull=False)[:OFFERED]),
        analyser=author_of(who.provider, who.model),
    )


def _changed(stage: Stage, draft: StageForm | None) -> Stage:
    """The stage as the form has it, which is saved nowhere."""
    changed = copy(stage)
    if draft is not None and draft.is_valid():
        for name in ("name", "type", "color", "description"):
            setattr(changed, name, draft.cleaned_data[name])
    return changed


def _answer(tried: trying.Tried, question: Question) -> Answer:
    by_id = {stage.id: stage for stage in question.stages}
    known = {stage.name.strip().casefold(): stage for stage in question.stages}
    stage = by_id.get(tried.contact.stage_id) if tried.contact.stage_id else None
    if tried.answer is None:
        return Answer(tried.contact, stage, [], 0, "", [], "", tried.problem)
    result = tried.answer.result
    return Answer(
        contact=tried.contact,
        stage=stage,
        choices=[choice_of(one.stage, one.probability, known) for one in result.recommendations],
        confidence=result.confidence,
        reasoning=result.reasoning,
        quotes=[one.quote for one in result.evidence],
        author=author_of(tried.answer.provider, tried.answer.model),
        problem="",
    )


def _show(
    request: MemberHttpRequest, question: Question, answers: list[Answer] | None, *, status: int
) -> HttpResponse:
    context = {"question": question, "answers": answers}
    is_part = request.headers.get("HX-Target") == "tried"
    name = "pipelines/try.html#tried" if is_part else "pipelines/try.html"
    return render(request, name, context, status=status)
