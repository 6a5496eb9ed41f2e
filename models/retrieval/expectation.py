"""How each example's user is expected to write: one dataset, its styles and what was learned from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.encoders.style import StyleVectors
from models.errors import WorkError
from models.graph.graphsage import Features
from models.graph.neighbors import Graph
from models.graph.propagation import gather, unit_rows
from models.graph.weights import Learned
from models.recipes import PropagationName
from models.retrieval.corpus import Corpus
from models.retrieval.store import Vectors
from models.retrieval.vectors import TextEncoder, meaning


@dataclass(frozen=True)
class Known:
    """Corpus and features of one dataset; by_title (m,): examples whose input is a title, not a text."""

    corpus: Corpus
    features: Features
    by_title: np.ndarray
    is_flagged: np.ndarray  # (users,)

    @classmethod
    def build(
        cls,
        reviews: pl.DataFrame,
        examples: pl.DataFrame,
        encoder: StyleVectors,
        flagged: Collection[str] = (),
        titles: Vectors | None = None,
        about: np.ndarray | None = None,
        seed: int = 0,
    ) -> Known:
        """From rows of staging.reviews and feature.examples of one dataset.

        flagged: users who are not one person. titles: the table of that name; about (m, w): meaning of the
        inputs by example id; both may be left out where nothing learned is used. seed: of the sampling.
        """
        corpus = Corpus.build(reviews, examples)
        is_flagged = np.isin(corpus.users.astype(str), sorted(flagged))
        by_title = (examples.sort("example_id")["task"] == "long").to_numpy()
        style = encoder.encode(corpus.reviews["text"].to_list())
        evidence = gather(
            corpus,
            style,
            _input_styles(corpus.examples["input"].to_list(), by_title, encoder),
            ~is_flagged[corpus.examples["user"].to_numpy()],
        )
        title = _titles(titles, corpus.reviews["review_id"].to_numpy())
        about = np.zeros((len(by_title), title.shape[1]), np.float32) if about is None else about
        graph = Graph(corpus, is_flagged, seed)
        return cls(corpus, Features(graph, style, title, evidence, about), by_title, is_flagged)

    def of(self, rows: np.ndarray) -> Known:
        """The same with some of the examples."""
        known = self.features
        part = Features(
            known.graph.of(rows), known.style, known.title, known.evidence.of(rows), known.about[rows]
        )
        return Known(self.corpus.of(rows), part, self.by_title[rows], self.is_flagged)

    def expected(
        self, name: PropagationName, learned: Learned | None, hidden: np.ndarray | None = None
    ) -> np.ndarray:
        """(m, d) float32 unit rows, zeros where nothing is known; hidden (m, r): reviews that are not there.

        A text given as input is its author's style already: what was learned from titles is not for it.
        """
        evidence = self.features.evidence
        if hidden is not None:
            evidence = evidence.without(self.features.style, hidden)
        if name == "input":
            return unit_rows(evidence.input)
        if name == "topic_mean":
            return unit_rows(evidence.topic)
        expected = evidence.average()
        if name == "graphsage" and learned is not None:
            rows = np.flatnonzero(self.by_title)
            expected[rows] = learned.expected(self.features, rows, None if hidden is None else hidden[rows])
        return expected


@dataclass(frozen=True)
class Propagator:
    """One way to expect a style. titles, encoder: table of that name and its sentence model, needed by what
    was learned; without anything learned "graphsage" is the average.
    """

    name: PropagationName = "average"
    learned: Learned | None = None
    titles: Vectors | None = None
    encoder: TextEncoder | None = None

    def known(
        self,
        reviews: pl.DataFrame,
        examples: pl.DataFrame,
        encoder: StyleVectors,
        flagged: Collection[str] = (),
    ) -> Known:
        """What is known of one dataset; WorkError when the weights do not fit the encoders."""
        learned = self.learned
        if self.name != "graphsage" or learned is None or learned.model is None:
            return Known.build(reviews, examples, encoder, flagged)
        if self.titles is None or self.encoder is None:
            raise ValueError("learned propagation needs the vectors of titles and their encoder")
        learned.require(encoder.encoder_id, self.encoder.encoder_id)
        inputs = examples.sort("example_id").select(
            pl.when(pl.col("task") == "long").then("input").otherwise(pl.lit("")).alias("input")
        )
        about = meaning(self.encoder, inputs["input"])
        return Known.build(reviews, examples, encoder, flagged, self.titles, about, learned.seed)

    def wanted(self, known: Known) -> np.ndarray:
        """(m, d) float32 unit rows that donors are ranked by: the expected styles as they are.

        Four shown reviews, cosine to the hidden text on Amazon, B2W, Hotel, Stylized and the sample;
        on Amazon, the share nearer to it than to another of its topic (+-.02) and what the top 20 donors hold
        as they are              .232 .246 .207 .204 .762   .639 .14
        calibrated               .173 .235 .230 .145 .764   .545 .88
        without what is common   .215 .208 .138 .195 .734   .648 .13
        parameter-free           .225 .231 .180 .214 .704   .644 .14
        Without the topic's part, by an earlier model: Amazon .237 to .208, sample .765 to .623.
        """
        return known.expected(self.name, self.learned)


def _input_styles(texts: list[str], by_title: np.ndarray, encoder: StyleVectors) -> np.ndarray:
    """(m, d) style of inputs: a title is judged against titles, a text against texts."""
    return np.where(by_title[:, None], encoder.encode(texts, "input"), encoder.encode(texts))


def _titles(titles: Vectors | None, review_ids: np.ndarray) -> np.ndarray:
    """(n, w) meanings of titles; width 0 without a table, WorkError when one is missing."""
    if titles is None:
        return np.zeros((len(review_ids), 0), dtype=np.float32)
    rows = titles.rows_of(review_ids)
    if (rows < 0).any():
        raise WorkError(
            f"{(rows < 0).sum()} of {len(rows)} titles have no vector, such as {review_ids[np.argmin(rows)]}",
            step="propagation",
            remedy="materialize vectors/titles again, then this table",
        )
    return titles.matrix[rows]
