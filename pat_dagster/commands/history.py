"""`pat history`: what every iteration was made of, what it decided and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from models.printable import json_line, printable
from pat_dagster import snapshots
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.commands.sql import database
from pat_dagster.history import as_text
from pat_dagster.history import history as read_history
from pat_dagster.resources.warehouse import open_database


def history(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per iteration and line, with all numbers.")
    ] = False,
    home: Home = None,
) -> None:
    """List the iterations: data version, recipe, policies, promotion with its numbers, test scores.

    Equal data versions are equal reviews, equal recipes equal settings. `base` is the model as shipped. A
    policy is promoted where the lower bound of its gain on validation examples is high enough. The scores
    are those of test examples, with the policies in use after the iteration. As tables: mart.iterations,
    mart.leaderboard.

    Examples:

      pat history

      pat history --json

      pat sql "from mart.iterations" --wide

      pat sql --at 0000 "from mart.leaderboard where arm = 'pat'"
    """
    settings = settings_of(home)
    with open_database(database(settings), read_only=True) as con:
        iterations = read_history(con)
    if as_json:
        for iteration in iterations:
            typer.echo(json_line(iteration.as_dict()))
    elif iterations:
        typer.echo(printable(as_text(iterations, list(snapshots.iterations(settings.snapshots_path)))))
    else:
        typer.echo("no iteration was rolled out yet; `pat run` makes one")
