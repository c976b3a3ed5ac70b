"""`hirocrm eval`: how often an analyser is right, on labelled conversations."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="JSONL; `pipelines.json` lies beside it.")],
    analyzer: Annotated[str, typer.Option(help="local, gemini, openai or anthropic.")] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge an analyser on labelled conversations it has not seen."""
    from hirocrm.analysis.evals.run import run_eval
    from hirocrm.cli.progress import counting
    from hirocrm.cli.remote_eval import VENDORS, run_remote_eval

    if analyzer not in ("local", *VENDORS):
        raise typer.BadParameter(
            f"There is no analyzer “{analyzer}”; use local, {', '.join(VENDORS)}."
        )
    with counting("judged") as progress:
        if analyzer == "local":
            report = run_eval(dataset, progress=progress)
        else:
            report = run_remote_eval(dataset, analyzer, progress)
    print(report.to_json() if as_json else report.render_text())
