"""The entry point: which subcommands there are, and how a failure is told."""

import sys
import traceback
from typing import Annotated, NoReturn

import typer

from hirocrm.cli import (
    aside,
    bench,
    createuser,
    demo,
    demo_fill,
    doctor,
    evaluate,
    import_archive,
    link,
    manage,
    migrate,
    sync,
    token,
    up,
    web,
    worker,
)
from hirocrm.cli.refusals import EXIT_FAILED, EXIT_USAGE, sentence_for, wants_traceback

app = typer.Typer(
    name="hirocrm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001  # as typer calls it
    if asked:
        from importlib.metadata import version

        print(f"hirocrm {version('hirocrm')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Self-hosted CRM for businesses that sell in Messenger and Instagram."""


app.command()(up.up)
app.command()(demo.demo)
app.command()(web.web)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(createuser.createuser)
app.command()(token.token)
app.command()(link.link)
app.command()(doctor.doctor)
app.command()(sync.sync)
app.command()(aside.aside)
app.command("import")(import_archive.import_archive)
app.command("eval")(evaluate.evaluate)
app.command()(bench.bench)
app.command("demo-fill", hidden=True)(demo_fill.demo_fill)
app.command(**manage.SETTINGS)(manage.manage)


def main() -> NoReturn:
    """Run the command line: exit code 0 done, 1 failed, 2 usage."""
    if sys.platform == "win32":
        sys.exit("HiroCRM doesn't run on Windows itself; run it in WSL 2 or a Linux container.")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_FAILED)
    except Exception as exc:  # noqa: BLE001 - the last door: a sentence instead of a traceback
        if wants_traceback():
            traceback.print_exc()
        print(f"hirocrm: {sentence_for(exc)}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    sys.exit(0)


__all__ = ["EXIT_USAGE", "app", "main"]
