"""`pat explain`: where a text comes from."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from models.errors import InputError, WorkError
from models.printable import json_line, printable_line
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.commands.sql import PIPE, database
from pat_dagster.console import on_screen, text_table
from pat_dagster.explaining.choosing import choose_text
from pat_dagster.explaining.drawing import PAIRS, Wish, draw
from pat_dagster.explaining.queries import EVERY_PAIR, ask, query_of, some_texts
from pat_dagster.explaining.tree import as_object, build
from pat_dagster.resources.warehouse import open_database

ID_CELL = 100  # characters of an id in the list of texts to try


def explain(
    text_id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="An example_id or a request_id. Left out: some texts that can be explained."
        ),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option("--arm", metavar="NAME", help="Whose text of the example.", show_default="pat"),
    ] = None,
    iteration: Annotated[
        str | None,
        typer.Option(
            "--iteration", metavar="KEY", help="Of which turn of the loop.", show_default="the newest"
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every preference pair of every policy, and every table.")
    ] = False,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show what each agent was asked, whole.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tree as one JSON object.")] = False,
    as_sql: Annotated[
        bool,
        typer.Option(
            "--sql", help="Print the query instead: it returns the same nodes from the published file."
        ),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="WHEN",
            help="As of an iteration or a time, as `pat sql --at`.",
            show_default="now",
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Show what shaped a text: who was asked, the reviews that were read, policies and what trained them.

    Below each policy stand the preference pairs that trained it and the policy it was trained from. A number
    beside a review says why it was chosen, as it was when the text was written. For all texts at once ask
    mart.explain, and mart.policy_lineage for the policies.

    Examples:

      pat explain

      pat explain sample:r0012:long

      pat explain sample:r0012:long --arm neighbor_review

      pat explain sample:r0012:long --all --json > tree.json

      pat sql "$(pat explain sample:r0012:long --sql)"
    """
    if as_json and as_sql:
        raise InputError("--json and --sql together", remedy="choose one")
    path = database(settings_of(home), at)
    with open_database(path, read_only=True) as con:
        if text_id is None:
            headers, rows = some_texts(con)
            if not rows:
                raise WorkError("no text is published yet", step=path.name, remedy="`pat run` writes some")
            typer.echo(text_table(headers, rows, ID_CELL))
            typer.echo(f"\npat explain {printable_line(str(rows[0][0]))}")
            return
        wanted = choose_text(con, text_id, arm, iteration, EVERY_PAIR if everything else PAIRS)
        query = query_of(con, wanted)
        if as_sql:
            typer.echo(on_screen(query))
            return
        top = build(ask(con, query))
    if as_json:
        typer.echo(json_line(as_object(top), indent=2))
    else:
        width = shutil.get_terminal_size(PIPE).columns
        typer.echo(draw(top, Wish(width, everything, prompts)))
