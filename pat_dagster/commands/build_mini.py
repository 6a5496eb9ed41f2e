"""`pat build-mini`: train the bundled model again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pat_dagster.console import say


def build(
    out: Annotated[Path, typer.Option("--out", help="Folder of the new model.")] = Path("pat-mini"),
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, help="Another model of the same kind.", show_default="that of the bundled one"
        ),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            "--examples",
            min=1000,
            help="Fewer train faster and write worse.",
            show_default="as many as the bundled one saw",
        ),
    ] = None,
) -> None:
    """Train pat-mini from scratch on generated worlds that the pipeline never runs.

    Half an hour to an hour on two cores. Use it by its path: `base_model:` of a recipe.

    Examples:

      pat build-mini --out my-mini

      pat build-mini --out tiny --examples 2000      (minutes, to see that it works)
    """
    from models.training.build_mini import MiniSettings, build_mini

    asked = {name: value for name, value in {"seed": seed, "examples": examples}.items() if value is not None}
    started = time.monotonic()
    summary = build_mini(out, replace(MiniSettings(), **asked))
    say(f"{out}: {summary['parameters']:,} parameters, {(time.monotonic() - started) / 60:.0f} minutes")
    say(f"sha256 {summary['sha256']['model.safetensors']}")
    say(f"Use it: `base_model: {out}` in a copy of models/recipes/mini.yaml; pat run --recipe COPY.yaml")
