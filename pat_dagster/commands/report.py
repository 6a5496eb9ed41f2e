"""`pat report`: one page that shows a skeptic what the warehouse proves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Where to.", show_default="reports/report.html in the home"
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Write one HTML page from the published warehouse: verdicts, leaderboard, texts, each with its SQL.

    The page needs no network and no script, and opens from disk. Nothing is computed that a query printed
    beside it does not return.

    Examples:

      pat report

      pat report --output proof.html
    """
    from pat_dagster.html_report import write_report

    settings = settings_of(home)
    path = (output or settings.home / "reports" / "report.html").expanduser().resolve()
    size = write_report(settings, path)
    say(f"{path}   {size / 1e6:.1f} MB")
    say("Open it in any browser; every number has its query in a fold-out beside it.")
