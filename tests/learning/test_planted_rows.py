"""Use of planted traits by arm: over what each arm answered, compared over what both did."""

from __future__ import annotations

import polars as pl
import pytest

from models.evaluation.planted import planted_trait_rows
from models.sample import SMALL, build_world


def test_arms_may_answer_different_examples() -> None:
    world = build_world(11, SMALL)
    rows = [row for row in world.reviews() if row["is_target"]][:40]
    own = [
        {"example_id": f"e{n:02d}", "user_id": row["user_id"], "text": row["text"]}
        for n, row in enumerate(rows)
    ]
    written = pl.concat(
        [
            pl.DataFrame(own).with_columns(arm=pl.lit("pat")),
            pl.DataFrame(own[:30]).with_columns(arm=pl.lit("none"), text=pl.lit("nothing of the kind")),
            pl.DataFrame(own[:1]).with_columns(arm=pl.lit("own_review")),
        ]
    )
    settings = {"samples": 200, "confidence": 0.95, "seed": 1}
    found = planted_trait_rows(written, world, **settings)  # type: ignore[arg-type]
    assert {(row["arm"], row["reference_arm"]) for row in found} == {("pat", "none")}
    opening = next(row for row in found if row["trait"] == "opening")
    assert (opening["n"], opening["share"], opening["diff_vs_reference"]) == (40, 1.0, 1.0)
    shuffled = planted_trait_rows(written.reverse(), world, **settings)  # type: ignore[arg-type]
    assert shuffled == found
    with pytest.raises(ValueError, match="two texts"):
        planted_trait_rows(pl.concat([written, written.head(1)]), world, **settings)  # type: ignore[arg-type]
