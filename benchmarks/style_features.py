"""Reviews per second whose style features are computed, on one core, against a loop in plain Python.

    python benchmarks/style_features.py [FILE ...]     default: the four dev corpora of PGraphRAG

Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Goal: 20,000 reviews a second.
Seconds are the processor's: on a busy machine they say more than those of the clock, which are shown too.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

from models.encoders.blocks import CLASSES
from models.encoders.characters import RUNS
from models.encoders.lexicon import GROUPS, LONGEST, SINGLE_WORDS, SUFFIXES
from models.encoders.stylometry import StyleEncoder
from models.sources import SourceSpec, read_source

GOAL: Final = 20_000  # reviews a second
CORPORA: Final = ("amazon", "b2w", "gap", "hotel")
LEAST_REVIEWS: Final = 20_000  # repeat a corpus up to that many: one second of work or more
SUBSAMPLE: Final = 500  # reviews for the loop in plain Python
REPEATS: Final = 3  # the best counts: noise of the machine only ever slows down

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
PATTERNS: Final = [
    re.compile(pattern)
    for pattern in (
        r"!!", r"\?\?", r"\.\.", r"\.\.\.", r"--", r"!\?|\?!", r" [.,!?]", r",[^\W\d_]", r"[.!?][^\W\d_]",
        r" [-\u2013\u2014] ", r"  ", r"\n\n", r"([^\W\d_])\1\1", r"[A-Z][A-Z]", r"[.!?] [A-Z]",
        r"[.!?] [a-z]", r"[:;]-?[)D(]", r"\d[^\W\d_]",
    )
]  # fmt: skip
LISTED: Final = {word: [word] for word in SINGLE_WORDS}
for group, listed in GROUPS.items():
    for listed_word in listed.split():
        LISTED.setdefault(listed_word, []).append(group)


def plain_habits(text: str) -> Counter[str]:
    """The same habits of one text, written the straightforward way."""
    found: Counter[str] = Counter()
    for letter in text:
        if letter.isupper():
            found["upper"] += 1
        elif letter.islower():
            found["lower"] += 1
        elif letter.isdigit():
            found["digit"] += 1
        elif letter.isspace():
            found["space"] += 1
        else:
            found[letter] += 1
    for pattern in PATTERNS:
        found[pattern.pattern] = len(pattern.findall(text))
    words = WORD.findall(text)
    for word in words:
        small = word.lower()
        found.update(LISTED.get(small, ()))
        found[f"letters_{min(len(word), LONGEST)}"] += 1
        found["caps" if word.isupper() else "title" if word.istitle() else "small"] += 1
        for suffix in SUFFIXES:
            if small.endswith(suffix):
                found[suffix] += 1
    found["distinct"] = len({word.lower() for word in words})
    found["sentences"] = len(re.findall(r"[.!?]+", text))
    return found


def texts_of(file: Path) -> list[str]:
    """The texts of all accepted reviews of a file."""
    batches = read_source(SourceSpec(str(file), file.stem, "auto"))
    return [text for batch in batches for text in batch.accepted.column("text").to_pylist()]


def main() -> int:
    """Print one line per file; 1 when a file misses the goal."""
    folder = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [folder / f"{name}_dev.json" for name in CORPORA]
    encoder = StyleEncoder.default()
    encoder.encode(["warm up"])
    print(f"{encoder.dimensions} features of {len(CLASSES)} classes, {len(RUNS)} runs and words")
    print(
        f"{'corpus':<12} {'reviews':>8} {'characters':>10} {'seconds':>8} {'reviews/s':>10} {'clock/s':>10}"
    )
    missed = 0
    for file in files:
        own = texts_of(file)
        texts = own * -(-LEAST_REVIEWS // len(own))
        speeds = []
        for _ in range(REPEATS):
            clock, worked = time.monotonic(), time.process_time()
            encoder.encode(texts)
            speeds.append((time.process_time() - worked, time.monotonic() - clock))
        seconds, wall = min(speeds)
        worked = time.process_time()
        for text in own[:SUBSAMPLE]:
            plain_habits(text)
        loop = (time.process_time() - worked) / len(own[:SUBSAMPLE])
        mean = sum(map(len, own)) / len(own)
        print(
            f"{file.stem:<12} {len(texts):>8,} {mean:>10.0f} {seconds:>8.2f} {len(texts) / seconds:>10,.0f} "
            f"{len(texts) / wall:>10,.0f} {loop * len(texts) / seconds:>4.1f} times the loop"
        )
        missed += len(texts) / seconds < GOAL
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
