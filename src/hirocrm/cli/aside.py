"""`hirocrm aside`: unreadable parts of webhook deliveries that no organization sees."""

import json
from typing import Annotated
from uuid import UUID

import typer

LISTED = 200


def aside(
    replay: Annotated[UUID | None, typer.Option(help="Try the entry with this id again.")] = None,
    drop: Annotated[UUID | None, typer.Option(help="Forget the entry with this id.")] = None,
    show: Annotated[
        UUID | None, typer.Option(help="Print what Meta sent; it may hold what customers wrote.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List what was kept aside and belongs to no organization, newest first, or deal with one of it."""
    from hirocrm.cli.connection import django_on_database
    from hirocrm.cli.refusals import CommandFailed

    if sum(option is not None for option in (replay, drop, show)) > 1:
        raise CommandFailed("Give one of --replay, --drop and --show.")
    with django_on_database():
        from hirocrm.core import clock
        from hirocrm.sync.webhooks import aside as kept

        if replay is not None:
            kept.replay_ownerless(entry_id=replay, now=clock.now())
            print("It was read and applied.")
        elif drop is not None:
            kept.drop_ownerless(entry_id=drop)
            print("It is forgotten.")
        elif show is not None:
            print(kept.get_ownerless(show).content)
        else:
            _list(as_json=as_json)


def _list(*, as_json: bool) -> None:
    from hirocrm.sync.webhooks.aside import list_ownerless

    rows = list_ownerless()
    total, newest = rows.count(), rows.defer("content")[:LISTED]
    if as_json:
        entries = [
            {"id": str(row.pk), "receivedAt": row.received_at.isoformat(), "reason": row.reason}
            for row in newest
        ]
        print(json.dumps({"total": total, "entries": entries}))
        return
    for row in newest:
        print(f"{row.pk}  {row.received_at:%Y-%m-%d %H:%M}  {row.reason}")
    print(f"{total} in all." if total else "Nothing is kept aside without an organization.")
