"""`pat doctor`: is everything in order here?"""

from __future__ import annotations

import typer

from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say


def doctor(home: Home = None) -> None:
    """Check Python, packages, models, the home folder and its last run; says what to do about each fault.

    Changes nothing. Exit code 1 when something FAILs.

    Examples:

      pat doctor

      pat doctor --home /data/pat
    """
    from pat_dagster.doctor import findings

    failed = 0
    for finding in findings(settings_of(home)):
        say(f"{finding.level:<5} {finding.what:<18} {finding.detail}")
        if finding.remedy:
            say(f"{'':<25}remedy: {finding.remedy}")
        failed += finding.level == "FAIL"
    if failed:
        raise typer.Exit(1)
