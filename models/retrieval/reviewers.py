"""The reviewers of one topic, as one block of examples about it may see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.retrieval.alignment import NOTHING, Authors, Evidence, is_known
from models.retrieval.corpus import Corpus


@dataclass(frozen=True)
class Reviewers:
    """Reviews `told` of one topic and what their authors wrote at other topics, `elsewhere`.

    told (t,) rows ascending; elsewhere (s,) rows; author (t + s,) and n_authors number the authors of both.
    """

    corpus: Corpus
    evidence: Evidence
    told: np.ndarray
    elsewhere: np.ndarray
    author: np.ndarray
    n_authors: int

    @classmethod
    def of(cls, corpus: Corpus, evidence: Evidence, authors: Authors, told: np.ndarray) -> Reviewers:
        """The reviewers of one topic, whose rows are `told`."""
        topic = corpus.reviews["topic"].to_numpy()
        users, here = np.unique(corpus.reviews["user"].to_numpy()[told], return_inverse=True)
        place, rows = authors.rows_of(users)
        other = (topic[rows] != topic[told[0]]) & is_known(evidence.beyond[rows])
        return cls(corpus, evidence, told, rows[other], np.concatenate([here, place[other]]), len(users))

    @property
    def width(self) -> int:
        """Reviews per example that an alignment looks at."""
        return len(self.author)

    def means(self, allowed: np.ndarray) -> np.ndarray:
        """(a, d) float64: mean text of the reviews each example may see; allowed (a, t). Zero where none."""
        count = allowed.sum(axis=1, keepdims=True)
        total = allowed.astype(np.float64) @ self.evidence.text[self.told].astype(np.float64)
        return np.asarray(total / np.maximum(count, 1))

    def alignment(
        self, wanted: np.ndarray, mean: np.ndarray, allowed: np.ndarray, before: np.ndarray
    ) -> np.ndarray:
        """(a, t): product of each author's preference with the expected one, NaN where either is unknown.

        wanted (a, d) expected preferences, mean (a, d) as `means`, allowed (a, t), before (a,) the times of
        the examples: an author's later reviews count for nothing.
        """
        here = self._here(wanted.astype(np.float64), mean)
        there = wanted @ self.evidence.beyond[self.elsewhere].T
        earlier = self.corpus.reviews["time"].to_numpy()[self.elsewhere][None, :] < before[:, None]
        likeness = np.concatenate([here, there], axis=1)
        known = np.concatenate([allowed & ~np.isnan(here), earlier], axis=1)
        known &= is_known(wanted)[:, None]
        rows = np.concatenate([self.told, self.elsewhere])
        by_author = sparse.csr_matrix(
            (self.evidence.weight[rows], (self.author, np.arange(len(rows)))),
            shape=(self.n_authors, len(rows)),
        )
        weight = (by_author @ known.T.astype(np.float64)).T
        total = (by_author @ np.where(known, likeness, 0.0).T).T
        mean_likeness = np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)
        return np.asarray(mean_likeness[:, self.author[: len(self.told)]])

    def _here(self, wanted: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """(a, t): wanted times the unit residual of each text from the mean the example may see."""
        text = self.evidence.text[self.told].astype(np.float64)
        squared = np.einsum("td,td->t", text, text)[None, :] - 2.0 * mean @ text.T
        squared += np.einsum("ad,ad->a", mean, mean)[:, None]
        known = (squared > NOTHING) & is_known(text)[None, :]
        product = wanted @ text.T - np.einsum("ad,ad->a", wanted, mean)[:, None]
        return np.where(known, product / np.sqrt(np.where(known, squared, 1.0)), np.nan)
