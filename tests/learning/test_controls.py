"""Controls: what is held out, what a shuffled label is, how preference is measured, what is evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import InputError
from models.recipes import load_recipe
from models.training.controls import flips, share_positive, split_pairs, swapped, verdict
from models.training.dpo import train_dpo
from models.training.margins import margins, reply_log_probs
from models.training.pairs import PreferencePair

IDS = [f"d:r{n}:long" for n in range(50)]
PAIRS = [
    PreferencePair(f"List habits number {i}.", f"short and great {i % 3}", f"slow box, two weeks {i % 4}")
    for i in range(12)
]


def test_a_fifth_is_held_out_and_nothing_is_in_both() -> None:
    split = split_pairs(IDS, 1)
    assert len(split.heldout) == 10
    assert sorted(split.train + split.heldout) == list(range(50))
    assert split == split_pairs(IDS, 1)
    assert split != split_pairs(IDS, 2)


def test_what_is_held_out_does_not_depend_on_the_order() -> None:
    there = {IDS[place] for place in split_pairs(IDS, 1).heldout}
    backwards = IDS[::-1]
    assert {backwards[place] for place in split_pairs(backwards, 1).heldout} == there


def test_too_few_pairs_are_refused_with_their_number() -> None:
    with pytest.raises(InputError, match="3 preference pairs"):
        split_pairs(IDS[:3], 1)


def test_a_fair_coin_swaps_about_half_and_true_labels_stay() -> None:
    many = [f"e{n}" for n in range(2000)]
    swap = flips(many, "shuffled", 7)
    assert 900 < sum(swap) < 1100
    assert swap == flips(many, "shuffled", 7) != flips(many, "shuffled", 8)
    assert not any(flips(many, "true", 7))


def test_a_swapped_pair_keeps_how_each_reply_ended() -> None:
    pair = PreferencePair("p", "good", "bad", chosen_ended=True, rejected_ended=False)
    assert swapped(pair) == PreferencePair("p", "bad", "good", chosen_ended=False, rejected_ended=True)
    assert swapped(swapped(pair)) == pair


def test_pairs_that_could_not_be_scored_do_not_count() -> None:
    assert share_positive([0.2, -0.1, float("nan"), 0.3]) == pytest.approx(2 / 3)
    assert share_positive([float("nan")]) is None
    assert share_positive([0.0]) == 0  # no preference is not the right one


@pytest.fixture(scope="module")
def adapter(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes = {"lora_r": 4, "learning_rate": 5e-3, "batch_size": 4, "epochs": 3, "max_length": 256}
    settings = load_recipe("mini").training.model_copy(update=changes)
    folder = tmp_path_factory.mktemp("policies") / "one"
    return train_dpo(tiny_model, None, PAIRS, settings, 5, folder, device="cpu").path


def test_training_moves_the_margins_and_its_reference_has_none(tiny_model: str, adapter: Path) -> None:
    base = reply_log_probs(tiny_model, None, PAIRS, 256, device="cpu")
    policy = reply_log_probs(tiny_model, adapter, PAIRS, 256, device="cpu")
    assert base.shape == (12, 2)
    assert (base < 0).all()
    assert not margins(base, base).any()
    assert share_positive(margins(policy, base).tolist()) == 1.0
    other_side = [swapped(pair) for pair in PAIRS]
    backwards = reply_log_probs(tiny_model, adapter, other_side, 256, device="cpu")
    assert backwards[:, ::-1] == pytest.approx(policy, abs=1e-3)


def test_log_probabilities_do_not_depend_on_company_or_on_sharing_the_prompt(
    tiny_model: str, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = PreferencePair("word " * 400, "a", "b")
    together = reply_log_probs(tiny_model, adapter, [*PAIRS[:3], long], 256, device="cpu")
    assert np.isnan(together[3]).all()
    alone = reply_log_probs(tiny_model, adapter, PAIRS[1:2], 256, device="cpu")
    assert alone[0] == pytest.approx(together[1], abs=1e-3)
    monkeypatch.setattr("models.training.margins.can_share", lambda model: False)
    apart = reply_log_probs(tiny_model, adapter, PAIRS[:3], 256, device="cpu")
    assert apart == pytest.approx(together[:3], abs=1e-3)


def rows(true: list[float], shuffled: list[float], accuracy: tuple[float, float] = (0.9, 0.5)) -> list[Any]:
    return [
        {"labels": labels, "mean_gain": gain, "ci_low": gain - 0.01, "heldout_accuracy": right}
        for labels, gains, right in (("true", true, accuracy[0]), ("shuffled", shuffled, accuracy[1]))
        for gain in gains
    ]


def test_learning_is_supported_where_every_true_run_is_above_every_shuffled_one() -> None:
    judged = verdict(rows([0.10, 0.08, 0.09], [0.02, -0.01, 0.00]))
    assert judged.supported
    assert "1 in 20" in judged.reason


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (rows([0.10, 0.08], [0.02, -0.01]), "2 of the 3 seeds"),
        (rows([0.10, 0.08, 0.005], [0.0, 0.0, 0.0]), "1 of 3 runs on true labels gained nothing certain"),
        (rows([0.10, 0.08, 0.09], [0.02, 0.09, 0.0]), "shuffled labels gained as much"),
        (rows([0.10, 0.08, 0.09], [0.02, 0.0, 0.0], (0.5, 0.5)), "was as right on held-out pairs"),
        ([], "no run"),
        ([row | {"ci_low": None} for row in rows([0.1] * 3, [0.0] * 3)], "no validation examples"),
    ],
)
def test_anything_less_is_not_and_says_why(found: list[Any], because: str) -> None:
    judged = verdict(found)
    assert not judged.supported
    assert because in judged.reason
