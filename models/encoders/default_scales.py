"""Makes `style_default.json`, the style scales for corpora with too few train texts of their own.

    python -m models.encoders.default_scales FILE ...

The shipped file was made from the four dev corpora of PGraphRAG (amazon, b2w, gap, hotel), all reviews
counted alike. Scales are quartiles and deviations of habits: no text and no author can be read from them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.encoders.stylometry import DEFAULT_SCALES, StyleEncoder
from models.errors import InputError
from models.sources import SourceSpec, read_source

DECIMALS: Final = 6  # finer than any habit can be told apart, coarser than rounding of another machine


def make_default(files: Sequence[Path], target: Path = DEFAULT_SCALES) -> str:
    """Read the reviews of `files`, write their scales to `target`; returns its sha256.

    InputError when a file is missing or of no known format, or when there is no review with a title.
    """
    texts: list[str] = []
    titles: list[str] = []
    for file in sorted(files):
        for batch in read_source(SourceSpec(str(file), file.stem, "auto")):
            texts += batch.accepted.column("text").to_pylist()
            titles += batch.accepted.column("title").to_pylist()
    titles = [title for title in titles if title.strip()]
    if not titles:
        raise InputError("no review with a title", remedy="give files such as the PGraphRAG corpora")
    return StyleEncoder.of_texts(texts, titles, "shipped", DECIMALS).save(target)


if __name__ == "__main__":
    print(make_default([Path(name) for name in sys.argv[1:]]))
