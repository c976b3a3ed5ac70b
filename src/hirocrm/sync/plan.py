"""What a run works by: the Page's rules, the analyser's identity, and the digests made of them."""

import hashlib
from dataclasses import dataclass
from typing import Any

from hirocrm.analysis.transcripts import Asker, settings_hash
from hirocrm.meta.models import AutoPipelineMode, Page
from hirocrm.pipelines.assign import Rules, rules_of
from hirocrm.pipelines.models import Pipeline
from hirocrm.sync.models import SyncPosition, SyncRun

NO_STAGES = (
    "The pipeline “{name}” has no stages, so nothing was assigned. Add a stage and sync again."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's rules as they stood when (this part of) it began."""

    run: SyncRun
    page: Page
    rules: Rules
    asker: Asker
    settings_hash: str

    @property
    def is_light(self) -> bool:
        """Whether it reads what is new and nothing else."""
        return bool(self.run.options.get("light"))


def plan_for(run: SyncRun, page: Page, asker: Asker) -> Plan:
    """Read the Page's rules, with what the run itself asks for put over them."""
    rules = rules_of(page, pipeline=_own_pipeline(run), mode=run.options.get("updateMode"))
    digest = settings_hash(rules=rules, asker=asker, organization=page.organization)
    return Plan(
        run=run,
        page=page,
        rules=rules,
        asker=asker,
        settings_hash=digest,
    )


def _own_pipeline(run: SyncRun) -> Pipeline | None:
    pipeline_id = run.options.get("pipelineId")
    if not pipeline_id:
        return None
    return Pipeline.objects.filter(organization_id=run.organization_id, pk=pipeline_id).first()


def evaluation_hash(rules: Rules, digest: str) -> str:
    """A digest of all that decides where a contact goes, beside its messages."""
    parts = [
        digest,
        str(rules.pipeline and rules.pipeline.pk),
        rules.mode.value,
        str(rules.confidence_min),
    ]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def evaluates_all(run: SyncRun, page: Page, rules: Rules, digest: str) -> bool:
    """In UPDATE_EXISTING every contact is evaluated again when somebody asks for a sync, or when the rules changed.

    Answers to unchanged conversations are reused, so this costs no call to an AI. A sync by schedule
    evaluates what changed: it would write an activity on every contact each time.
    """
    if rules.mode is not AutoPipelineMode.UPDATE_EXISTING or rules.pipeline is None:
        return False
    if run.full or run.options.get("asked"):
        return True
    seen = SyncPosition.objects.filter(page=page).values_list("evaluated_settings", flat=True)
    return any(value != evaluation_hash(rules, digest) for value in seen)


def remember(plan: Plan) -> None:
    """Note on the run what it evaluates by, and a notice if it can't assign anything."""
    options: dict[str, Any] = dict(plan.run.options)
    if not plan.is_light:
        options["evaluation"] = evaluation_hash(plan.rules, plan.settings_hash)
    notice = ""
    if plan.rules.pipeline is not None and not plan.rules.stages:
        notice = NO_STAGES.format(name=plan.rules.pipeline.name)
    SyncRun.objects.filter(pk=plan.run.pk).update(options=options, notice=notice)
