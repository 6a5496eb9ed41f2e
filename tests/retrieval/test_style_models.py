"""A sentence-transformers model in place of our own habits: one interface, from recipe to donors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from models.encoders.quality import STYLE_MODEL, Settings, style_quality
from models.encoders.semantic import DEFAULT_MODEL
from models.encoders.style import STYLOMETRY, SentenceStyle, StyleVectors, open_style
from models.encoders.stylometry import StyleEncoder
from models.errors import WorkError
from models.retrieval.contexts import style_rows
from models.retrieval.store import VectorStore
from models.retrieval.vectors import USERS, fit_styles, style_file, sync_users
from tests.retrieval.test_style_quality import Meanings
from tests.retrieval.worlds import DONORS, WORDS, make_examples, make_reviews

TEXTS = ["the lid works!!", "", "  \n", "it broke, and i never loved it..."]


def save_tiny(folder: Path, seed: int) -> Path:
    """A model with random weights and 16 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "!", ".", ",", *dict.fromkeys(WORDS)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=64)
    model = SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("style") / "a", seed=1)


@pytest.fixture(scope="module", params=["stylometry", "tiny", "minilm"])
def encoder(request: pytest.FixtureRequest, tiny: Path) -> StyleVectors:
    if request.param == "stylometry":
        return StyleEncoder.default()
    return SentenceStyle(str(tiny) if request.param == "tiny" else DEFAULT_MODEL)


def test_every_encoder_keeps_the_interface(encoder: StyleVectors) -> None:
    for kind in ("text", "input"):
        vectors = encoder.encode(TEXTS, kind)
        assert vectors.shape == (4, encoder.dimensions) and vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 1], atol=1e-5)
        assert encoder.encode([], kind).shape == (0, encoder.dimensions)
        assert np.array_equal(encoder.encode(TEXTS[::-1], kind), vectors[::-1])
        assert np.array_equal(encoder.encode(TEXTS[3:], kind), vectors[3:])
    assert encoder.encoder_id and encoder.origin and encoder.decision


def test_weights_are_part_of_the_id(tiny: Path, tmp_path: Path) -> None:
    other = save_tiny(tmp_path / "b", seed=2)
    assert SentenceStyle(str(tiny)).encoder_id == SentenceStyle(str(tiny)).encoder_id
    names = [SentenceStyle(str(folder)).encoder_id.split(":")[-1] for folder in (tiny, other)]
    assert names[0] != names[1]


def test_an_unknown_model_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorkError, match=r"style model .*empty") as raised:
        SentenceStyle(str(tmp_path / "empty"))
    assert "stylometry" in str(raised.value)


def test_the_recipe_picks(tiny: Path, tmp_path: Path) -> None:
    reviews = make_reviews(seed=3)
    fit_styles(reviews, tmp_path)
    assert isinstance(open_style(STYLOMETRY, style_file(tmp_path, "d")), StyleEncoder)
    assert isinstance(open_style(str(tiny), style_file(tmp_path, "d")), SentenceStyle)
    with pytest.raises(WorkError, match="no style scales"):
        open_style(STYLOMETRY, style_file(tmp_path, "other"))


def test_a_model_finds_donors_and_stands_in_the_table(tiny: Path, tmp_path: Path) -> None:
    reviews = make_reviews(seed=4, users=30)
    encoders = fit_styles(reviews, tmp_path, str(tiny))
    assert not list(tmp_path.iterdir()), "nothing was fitted, so nothing is saved"
    store = VectorStore(tmp_path / "vectors")
    sync_users(store, reviews, encoders)
    found = style_rows(reviews, make_examples(reviews), encoders["d"], store.load(USERS), DONORS, True)
    assert found.height and set(store.load(USERS).encoder_ids) == {encoders["d"].encoder_id}
    rows = style_quality(reviews, encoders["d"], Meanings(reviews), Settings(100, 0.95, 1))
    used = [row for row in rows if row["is_in_use"]]
    assert [row["encoder"] for row in used] == [STYLE_MODEL, STYLE_MODEL]
    assert used[0]["encoder_id"] == encoders["d"].encoder_id
    assert pl.DataFrame(rows, infer_schema_length=None).height == 2 * 6
