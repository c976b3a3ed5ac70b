"""`hirocrm import`: a "Download your information" archive from Facebook or Instagram."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from hirocrm.organizations.models import Organization

SAY_WHICH = "Add --platform messenger, and then do it again with --platform instagram."


def import_archive(
    archive: Annotated[Path, typer.Argument(help="The ZIP, or the folder it was unpacked to.")],
    *,
    page: Annotated[str, typer.Option(help="Put the contacts on this Page.")] = "",
    own_name: Annotated[str, typer.Option(help="The business's own name in the archive.")] = "",
    platform: Annotated[
        Literal["messenger", "instagram"] | None,
        typer.Option(
            help="Which download to import, where the folder holds both.", case_sensitive=False
        ),
    ] = None,
    email: Annotated[str, typer.Option(help="The user whose organization gets them.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import an export archive, without any Meta app or token, and analyse its conversations."""
    from hirocrm.cli.connection import django_on_database
    from hirocrm.cli.refusals import CommandFailed
    from hirocrm.cli.sync import require_page

    with django_on_database():
        from hirocrm.cli.runs import follow, report
        from hirocrm.core import clock
        from hirocrm.core.platforms import Platform
        from hirocrm.sync import services
        from hirocrm.sync.sources.archive import MixedPlatforms, inspect_archive

        told = Platform(platform) if platform else None
        try:
            summary = inspect_archive(archive, own_name=own_name, platform=told)
        except MixedPlatforms as refusal:
            raise CommandFailed(f"{refusal.sentence} {SAY_WHICH}") from None
        name = summary.own_name
        if not name:
            known = ", ".join(candidate.name for candidate in summary.candidates[:5])
            raise CommandFailed(f"Which of these is the business: {known}? Say it with --own-name.")
        shelf = require_page(page) if page else None
        organization = shelf.organization if shelf else _choose_organization(email)
        run = services.start_import(
            organization=organization,
            member=None,
            archive=_within_reach(archive.resolve(), organization),
            page=shelf,
            own_name=name,
            platform=summary.platform,
            now=clock.now(),
        )
        report(follow(run, quiet=as_json), as_json=as_json)


def _within_reach(archive: Path, organization: "Organization") -> "Path | UUID":
    """The archive where a worker can read it: with a database of one's own it may run anywhere, so that carries the ZIP."""
    from hirocrm.config import env as environment
    from hirocrm.core import clock
    from hirocrm.sync import upload_pieces, uploads

    if environment.load().database_url is None or archive.is_dir():
        return archive
    if archive.stat().st_size > upload_pieces.MAX_BYTES:
        return archive
    with archive.open("rb") as file:
        chunks = iter(lambda: file.read(upload_pieces.PIECE_BYTES), b"")
        return uploads.store(
            organization=organization, chunks=chunks, now=clock.now(), name=archive.name
        )


def _choose_organization(email: str) -> "Organization":
    from hirocrm.cli.members import require_member
    from hirocrm.cli.refusals import CommandFailed
    from hirocrm.organizations.models import Organization

    if email:
        return require_member(email).organization
    found = list(Organization.objects.all()[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed("There are several organizations; name a user of one with --email.")
    raise CommandFailed("There is no organization yet; `hirocrm createuser` makes one.")
