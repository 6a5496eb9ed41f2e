"""The command line `pat`. Exit codes: 0 done, 1 the work failed, 2 bad usage or input."""

from __future__ import annotations

import atexit
import io
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from models.errors import PatError
from models.printable import printable
from pat_dagster.commands import (
    build_mini,
    controls,
    doctor,
    evaluate,
    explain,
    export,
    forget,
    generate,
    history,
    ingest,
    nightly,
    probes,
    report,
    run,
    sql,
)
from pat_dagster.full_disk import full_disk, says_full
from pat_dagster.home import set_process_environment
from pat_dagster.settings import Settings

HELP = """Personalized text for people who have written almost nothing: reviews in, a warehouse out.

[bold]First steps[/bold]

  pat run                      the bundled sample, from reviews to a leaderboard
  pat run --again              every table anew; without it only what has changed is computed
  pat sql                      what is in the warehouse now
  pat sql "from mart.leaderboard"
  pat export                   the results as Parquet files
  pat doctor                   is everything in order here?

[bold]Where does a text come from?[/bold]

  pat explain                  some texts; with an id everything that shaped one

[bold]Is it learning, and what?[/bold]

  pat run --iterations 2
  pat history                  every iteration: its data, its policies, its scores
  pat controls                 the same training on shuffled labels, three seeds each
  pat probes                   what the trained agents rely on

[bold]Compared with what?[/bold]

  pat evaluate --arms floors   what copying reaches, without any language model
  pat evaluate --arms all      every baseline, ablation and falsification
  pat report                   one page of evidence: verdicts, leaderboard, texts, each number with its SQL

[bold]Your own reviews[/bold]

  pat run --data reviews.csv --format table --dataset shop

[bold]A text for somebody[/bold]

  pat generate --user u1 --topic t1 --input "A quiet place"
  pat generate --from requests.csv

[bold]Every night[/bold]

  pat nightly --dry-run        what a night would do now, and why
  pat nightly                  new files in, what changed renewed, published

[bold]Somebody wants to leave[/bold]

  pat forget --user u1 --dry-run

Everything a run makes lies in one folder: --home, else $PAT_HOME, else .pat.
Exit codes: 0 done, 1 the work failed, 2 bad usage or input.
"""


class Commands(TyperGroup):
    """Turns expected errors into one message and an exit code; `--debug` shows where they came from."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with the code of the error."""
        set_process_environment()
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except KeyboardInterrupt:
            typer.echo("\nstopped; the same command takes up where it was", err=True)
            raise typer.Exit(130) from None  # 128 + SIGINT, as shells report it
        except BrokenPipeError:  # `pat sql | head`: whoever reads has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None  # 128 + SIGPIPE
        except PatError as error:
            if ctx.params.get("debug"):
                raise
            typer.echo(f"error: {error}", err=True)  # already printable
            raise typer.Exit(error.exit_code) from error
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            home = Settings.from_env().home  # set by whatever command was at work
            if says_full(str(error), home):
                typer.echo(f"error: {full_disk(str(ctx.invoked_subcommand), home)}", err=True)
                raise typer.Exit(1) from error
            typer.echo(printable(f"error: unexpected {type(error).__name__}: {error}"), err=True)
            typer.echo(f"  remedy: `pat --debug {ctx.invoked_subcommand}` shows where", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="PAT_DEBUG", help="Show tracebacks and developers' notices.")
    ] = False,
) -> None:
    """Options that come before the command."""
    if debug:
        os.environ["PAT_DEBUG"] = "1"


app.command("run")(run.run)
app.command("ingest")(ingest.ingest)
app.command("nightly")(nightly.nightly)
app.command("generate")(generate.generate)
app.command("evaluate")(evaluate.evaluate)
app.command("report")(report.report)
app.command("sql")(sql.sql)
app.command("explain")(explain.explain)
app.command("history")(history.history)
app.command("export")(export.export)
app.command("forget")(forget.forget)
app.command("controls")(controls.controls)
app.command("probes")(probes.probes)
app.command("doctor")(doctor.doctor)
app.command("build-mini")(build_mini.build)


def main() -> None:
    """Entry point of the console script."""
    atexit.register(close_stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a log shows each line when it is said, and a letter that the terminal lacks as its escape
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    app(prog_name="pat")


def close_stderr() -> None:
    """The last exit handler: after it DuckDB's binding reports its types as leaks, 60 lines of noise."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
