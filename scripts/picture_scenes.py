"""What the demo lacks, so that scripts/screenshots.py can take pictures of it. Runs in `hirocrm manage shell`.

Prints the addresses as JSON: a login's Pages to choose from, a run with errors, a long conversation, many stages.
"""

import json
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from hirocrm.core import clock
from hirocrm.meta.models import ChoiceOutcome, FoundPage, Login, Page
from hirocrm.organizations.models import Member
from hirocrm.sync.models import SyncRun
from tests.factories import (
    ContactFactory,
    ConversationFactory,
    MessageFactory,
    PipelineFactory,
    StageFactory,
    UnreadableEntryFactory,
)

NAMES = (
    "Luzon Home & Garden",
    "Kape ni Juan 🌱 Specialty Coffee Roasters of Baguio City",
    "متجر ليلى",
)
ACCESS = "none"
WORDS = (
    "السلام عليكم، كم سعر الفستان الأزرق؟",
    "hm po? pwede COD sa Cebu?",
    "Yes po! ₱1,250 with free shipping 🥰",
)


def login_of(member: Member, *, has_chosen: bool) -> Login:
    """A login that found three Pages; of those that were chosen one is refused and one waits."""
    now = clock.now()
    login = Login.objects.create(
        organization=member.organization, member=member, session_hash="x", remote_user_name="Ana Cruz",
        page_count=3, created_at=now, answered_at=now, expires_at=now + timedelta(hours=1),
        chosen_at=now if has_chosen else None,
    )  # fmt: skip
    chosen = (ChoiceOutcome.CHOSEN, ChoiceOutcome.REFUSED, ChoiceOutcome.CHOSEN)
    for number, name in enumerate(NAMES):
        FoundPage.objects.create(
            organization=member.organization, login=login, remote_id=f"20000000000{number}", name=name,
            access_token=ACCESS, tasks=["MESSAGING", "MANAGE"] if number != 1 else [],
            **({"outcome": chosen[number]} if has_chosen else {}),
            refusal="This Page is connected by another organization." if has_chosen and number == 1 else "",
        )  # fmt: skip
    return login


def run_with_errors(page: Page) -> SyncRun:
    """A run that read a part; three conversations failed for two reasons."""
    now = clock.now()
    run = SyncRun.objects.create(
        page=page, organization=page.organization, status="partial", phase="done", fetched=44, created=41,
        failed=3, auto_assigned=36, created_at=now, started_at=now, finished_at=now,
    )  # fmt: skip
    for number, code in enumerate(("190", "190", "LLM_INVALID")):
        run.errors.create(
            organization=run.organization,
            code=code,
            remote_id=f"t_{number}",
            error=WORDS[2],
            created_at=now,
        )
    return run


def long_conversation(page: Page) -> Any:
    """Five hundred messages of somebody with a very long name, a part of them in Arabic."""
    now = clock.now()
    contact = ContactFactory(
        page=page, first_name="Maria Concepcion Guadalupe 🌸", last_name="Villanueva-Montecarlo de los Reyes y Santos",
        last_interaction_at=now, last_message_text=WORDS[0], last_message_sender="customer",
        tags=["wholesale", "very-long-tag-that-somebody-once-thought-of", "COD"],
    )  # fmt: skip
    talk = ConversationFactory(contact=contact, last_message_at=now)
    for number in range(500):
        sender = "business" if number % 3 == 1 else "customer"
        text = "x" * 300 if number == 490 else WORDS[number % 3]
        sent = now - timedelta(minutes=7 * number)
        MessageFactory(conversation=talk, sender=sender, text=text, created_time=sent)
    return contact


def many_stages(member: Member, page: Page) -> Any:
    """A pipeline with twelve stages, one of them with a name that fits nowhere."""
    pipeline = PipelineFactory(organization=member.organization, name="Twelve stages")
    for order in range(12):
        name = (
            "Waiting for the supplier's confirmation of stock"
            if order == 1
            else f"Stage {order + 1}"
        )
        stage = StageFactory(pipeline=pipeline, name=name, type="IN_PROGRESS", order=order)
        ContactFactory(
            page=page, pipeline=pipeline, stage=stage, first_name="بثينة", last_name="العبد الله"
        )
    return pipeline


def main() -> None:
    """Make everything and say where it is."""
    member = Member.objects.select_related("organization").get(user__email="demo@example.com")
    page = Page.objects.filter(organization=member.organization).order_by("name")[0]
    UnreadableEntryFactory(page=page)
    contact = long_conversation(page)
    member.user.is_staff = True  # sees the gallery
    member.user.save(update_fields=["is_staff"])
    login = login_of(member, has_chosen=False)
    print(json.dumps({
        "choose": reverse("connect-choose", args=[login.id]),
        "choose-progress": reverse("connect-progress", args=[login_of(member, has_chosen=True).id]),
        "first-sync": f"{reverse('first-sync')}?page={page.id}",
        "run-errors": reverse("run", args=[run_with_errors(page).id]),
        "webhooks-unreadable": reverse("webhooks"),
        "contact-long": reverse("contact", args=[contact.id]),
        "thread-long": reverse("inbox-conversation", args=[contact.conversations.get().id]),
        "board-twelve": f"{reverse('board')}?pipeline={many_stages(member, page).id}",
        "board-none": f"{reverse('board')}?pipeline={PipelineFactory(organization=member.organization).id}",
        "gallery": reverse("design"),
    }))  # fmt: skip


with transaction.atomic():
    main()
