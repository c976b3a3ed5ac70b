"""`hirocrm sync`: read a Page's conversations now."""

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hirocrm.meta.models import Page


def sync(
    page: Annotated[str, typer.Argument(help="The Page's id (ours or Facebook's) or its name.")],
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Sync a Page: fetch its conversations, analyse them, assign stages."""
    from hirocrm.cli.connection import django_on_database

    with django_on_database():
        from hirocrm.cli.runs import follow, report
        from hirocrm.core import clock
        from hirocrm.sync import services

        run = services.start_sync(page=require_page(page), full=full, asked=True, now=clock.now())
        if wait:
            run = follow(run, quiet=as_json)
        report(run, as_json=as_json)


def require_page(words: str) -> "Page":
    """The Page with this id, Facebook id or name.

    Raises:
        CommandFailed: there is none, or several have the name.
    """
    from uuid import UUID

    from django.db.models import Q

    from hirocrm.cli.refusals import CommandFailed
    from hirocrm.meta.models import Page

    wanted = Q(remote_id=words) | Q(name__iexact=words.strip())
    with contextlib.suppress(ValueError):
        wanted |= Q(pk=UUID(words))
    found = list(Page.objects.select_related("organization").filter(wanted)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed(f"Several Pages are called “{words}”; name the one by its id.")
    raise CommandFailed(f"There is no Page “{words}”; connect it on the Pages screen first.")
