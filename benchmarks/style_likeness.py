"""Do the two style encoders tell authors apart? The one that evaluates beside the one that retrieves.

    python benchmarks/style_likeness.py

Contrastive authorship verification (models/encoders/verification.py) among the authors of a dev corpus who
wrote about several topics, each author counting the same; .5 is chance. Display names in hotel and gap are
not always one person. Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from evaluation_scores import corpus
from scoring import CORPORA

from models.encoders.distortion import DistortionEncoder
from models.encoders.stylometry import StyleEncoder
from models.encoders.verification import CONTROLS, by_author, eligible, make_trials, outcomes

TRIALS, SEED = 4_000, 1
MOST_REVIEWS = 20  # of a user: more is no person, but a display name


def main() -> int:
    """Print accuracies by corpus and control."""
    folder = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    print(f"{'corpus':<10}{'negative':<12}{'authors':>8}{'trials':>8}{'distortion':>12}{'stylometry':>12}")
    for name in CORPORA:
        file = folder / f"{name}_dev.json"
        if not file.exists():
            print(f"{name:<10}not here; set PAT_CORPORA to the folder of the PGraphRAG files")
            continue
        reviews, _ = corpus(file)
        sizes = reviews["user_id"].value_counts()
        crowds = [user for user, n in sizes.iter_rows() if n > MOST_REVIEWS]
        known = eligible(reviews, crowds)
        texts = known["text"].to_list()
        encoder = DistortionEncoder.fit(texts)
        assert encoder is not None  # thousands of reviews
        vectors = encoder.encode(texts), StyleEncoder.default().encode(texts)
        for control in CONTROLS:
            trials = make_trials(known, control, TRIALS, SEED)
            found = np.column_stack([outcomes(trials, one) for one in vectors])
            ours, theirs = by_author(trials, found).mean(axis=0)
            print(f"{name:<10}{control:<12}{trials.n_authors:>8}{len(trials):>8}{ours:>12.3f}{theirs:>12.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
