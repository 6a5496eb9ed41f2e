"""Word habits of texts: function words, contractions, person, casing, word lengths, spelling like speech.

Counted with polars: one tokenization, then joins and sums. The lists are ours: closed-class words of
English and Portuguese (the languages of the corpora this was built on); the other habits need no language.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import polars as pl

WORD: Final = r"[\p{L}\p{M}]+(?:['\u2019][\p{L}\p{M}]+)*"
LONGEST: Final = 12  # letters; all longer words are counted together

_SINGLE: Final = (
    "the a an and but or so if because as than that this these those it its is are was were be been am "
    "have has had do does did will would can could should may might must not no of in on at to for from "
    "with without by about after before over up out off into down just very really too also even only "
    "still again now then when while where which who what how there here all any some more most much "
    "many other every never always my me i you your we our us he she they them their his her"
    " o os as um uma de do da dos das em no na que e é não mas com para por se muito mais já meu minha"
    " eu ele ela foi ser está tem bem só como ou ao à"
)
SINGLE_WORDS: Final = tuple(dict.fromkeys(_SINGLE.split()))  # each is a habit of its own
GROUPS: Final[dict[str, str]] = {
    "first_singular": "i me my mine myself im ive id eu me mim meu minha meus minhas comigo",
    "first_plural": "we us our ours ourselves nós nos nosso nossa nossos nossas",
    "second_person": "you your yours yourself u ur você vocês vc te seu sua",
    "third_person": "he she they him her them his hers their ele ela eles elas dele dela",
    "negation": "not no never none nothing nobody cannot dont cant didnt doesnt wont não nao nunca nada nem",
    "intensifier": "very really so extremely super absolutely totally highly quite pretty too muito demais "
    "super bastante mto",
    "hedge": "maybe perhaps probably somewhat kinda sort almost seems think guess talvez acho quase",
    "bare_contraction": "dont cant didnt doesnt wont isnt wasnt couldnt wouldnt im ive thats its havent",
    "speech_spelling": "u ur thx plz pls gonna wanna gotta kinda lol omg ok okay yeah yay wow ugh nope alot "
    "til cuz bc btw vc vcs pra pro tb tbm q mto mta td pq nao ta tá né ja so eh kkk",
    "connective": "however although though therefore thus moreover overall also furthermore porém entretanto "
    "contudo portanto",
    "article": "the a an o a os as um uma",
    "conjunction": "and but or so because e mas ou porque",
    "pronoun_it": "it its this that these those isso isto esse essa este esta",
    "modal": "will would can could should may might must pode poderia deve",
    "be": "is are was were be been am being é foi era são está estava ser",
    "past_habit": "had did was were got went came took gave said made tive foi veio chegou comprei",
}
SUFFIXES: Final = ("'t", "'s", "'m", "'re", "'ve", "'ll", "'d")

CASES: Final = ("all_caps", "capitalized", "lone_i", "lone_lower_i", "mixed_case")
LENGTHS: Final = tuple(f"letters_{n}" for n in range(1, LONGEST + 1))
WORD_FEATURES: Final = (
    *(f"word_{word}" for word in SINGLE_WORDS),
    *GROUPS,
    *(f"suffix_{suffix[1:]}" for suffix in SUFFIXES),
    *CASES,
    *LENGTHS,
)


@cache
def _vocabulary() -> pl.DataFrame:
    """(token, feature): lower-case word -> place in WORD_FEATURES; a word may serve several features."""
    place = {name: number for number, name in enumerate(WORD_FEATURES)}
    rows = [(word, place[f"word_{word}"]) for word in SINGLE_WORDS]
    rows += [(word, place[group]) for group, words in GROUPS.items() for word in dict.fromkeys(words.split())]
    return pl.DataFrame(rows, schema={"token": pl.String, "feature": pl.Int64}, orient="row")


def word_counts(texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(counts (n, len(WORD_FEATURES)), words (n,), distinct words (n,)) of one block of texts."""
    n, width = len(texts), len(WORD_FEATURES)
    place = {name: number for number, name in enumerate(WORD_FEATURES)}
    tokens = (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .with_row_index("row")
        .select(pl.col("row").cast(pl.Int64), pl.col("text").str.extract_all(WORD).alias("raw"))
        .explode("raw")
        .drop_nulls()
        .with_columns(pl.col("raw").str.replace_all("\u2019", "'", literal=True))
        .with_columns(
            pl.col("raw").str.to_lowercase().alias("token"),
            pl.col("raw").str.len_chars().cast(pl.Int64).alias("letters"),
        )
    )
    upper = pl.col("raw") == pl.col("raw").str.to_uppercase()
    lower = pl.col("raw") == pl.col("token")
    first_upper = pl.col("raw").str.slice(0, 1) != pl.col("token").str.slice(0, 1)
    rest_lower = pl.col("raw").str.slice(1) == pl.col("token").str.slice(1)
    many = pl.col("letters") > 1
    case = (
        pl.when(pl.col("raw") == "I")
        .then(place["lone_i"])
        .when(pl.col("raw") == "i")
        .then(place["lone_lower_i"])
        .when(lower | ~many)
        .then(None)
        .when(upper)
        .then(place["all_caps"])
        .when(first_upper & rest_lower)
        .then(place["capitalized"])
        .otherwise(place["mixed_case"])
    )
    suffix = pl.lit(None, dtype=pl.Int64)
    for ending in SUFFIXES:
        known = pl.col("token").str.ends_with(ending)
        suffix = pl.when(known).then(place[f"suffix_{ending[1:]}"]).otherwise(suffix)
    length = pl.col("letters").clip(upper_bound=LONGEST) + (place["letters_1"] - 1)
    hits = pl.concat(
        [
            tokens.join(_vocabulary(), on="token").select("row", "feature"),
            tokens.select("row", case.cast(pl.Int64).alias("feature")).drop_nulls(),
            tokens.select("row", suffix.cast(pl.Int64).alias("feature")).drop_nulls(),
            tokens.select("row", length.cast(pl.Int64).alias("feature")),
        ]
    )
    flat = (hits["row"] * width + hits["feature"]).to_numpy()
    counts = np.bincount(flat, minlength=n * width).reshape(n, width)
    row = tokens["row"].to_numpy()
    distinct = tokens.select("row", "token").unique()["row"].to_numpy()
    return counts, np.bincount(row, minlength=n), np.bincount(distinct, minlength=n)
