"""When a run did what, and moments to kill another one at."""

from __future__ import annotations

import random
from dataclasses import dataclass

import dagster as dg

from pat_dagster import layout
from pat_dagster.settings import Settings


@dataclass(frozen=True)
class Moment:
    """`delay` seconds after the undisturbed run finished the asset `after` (None: after it began)."""

    at: float  # seconds since the undisturbed run began
    after: str | None
    delay: float


@dataclass(frozen=True)
class Timeline:
    """(asset, seconds since the run began when it was finished), in that order; how long the run took."""

    finished: tuple[tuple[str, float], ...]
    seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Timeline:
        """Of a home that one command made, undisturbed."""
        began = (settings.home / layout.NAME).stat().st_mtime  # the first thing that `pat run` writes
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
            records = instance.get_run_records()
            made = {dg.DagsterEventType.ASSET_MATERIALIZATION}
            events = [
                entry for one in records for entry in instance.all_logs(one.dagster_run.run_id, of_type=made)
            ]
        finished = [
            (".".join(event.asset_key.path), entry.timestamp - began)
            for entry in sorted(events, key=lambda entry: entry.timestamp)
            if (event := entry.dagster_event) is not None and event.asset_key is not None
        ]
        return cls(tuple(finished), max(one.end_time or 0.0 for one in records) - began)

    def moments(self, count: int, seed: int) -> list[Moment]:
        """One at random within every stage, the others at random over the whole run; in order."""
        draw = random.Random(seed)
        spans: dict[str, list[tuple[float, float]]] = {}
        before = 0.0
        for asset, at in self.finished:
            spans.setdefault(asset.split(".")[0], []).append((before, at))
            before = at
        found = [draw.uniform(*draw.choice(spans[stage])) for stage in sorted(spans)]
        assert len(found) <= count, f"{len(found)} stages want a kill each"
        found += [draw.uniform(0, self.seconds) for _ in range(count - len(found))]
        return [self.moment(at) for at in sorted(found)]

    def moment(self, at: float) -> Moment:
        """A moment by what came before it, so that it can be found in a run of another pace."""
        done = [(asset, when) for asset, when in self.finished if when <= at]
        after, when = done[-1] if done else (None, 0.0)
        return Moment(at, after, at - when)


def named_in(line: str) -> str | None:
    """The asset that a line of `pat run` says is finished."""
    words = line.split()
    is_asset = line.startswith("  ") and len(words) > 1 and words[-1] in {"s", "unchanged"}
    return words[0] if is_asset else None
