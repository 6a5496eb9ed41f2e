"""Training moves the policy toward what is preferred, repeatably, and leaves everything else as it was."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.errors import WorkError
from models.llm import Sampling
from models.llm.transformers_backend import TransformersBackend
from models.llm.weights import model_fingerprint
from models.recipes import Training, load_recipe
from models.training.dpo import train_dpo
from models.training.pairs import PreferencePair
from models.training.promotion import decide
from models.training.trainer import token_divergence

SETTINGS = load_recipe("mini").training.model_copy(
    update={
        "lora_r": 4,
        "lora_alpha": 8,
        "learning_rate": 5e-3,
        "batch_size": 4,
        "epochs": 3,
        "max_length": 256,
    }
)
PAIRS = [
    PreferencePair(f"List habits number {i}.", f"short and great {i % 3}", f"slow box, two weeks {i % 4}")
    for i in range(12)
]


def train(
    base: str,
    out: Path,
    pairs: list[PreferencePair] = PAIRS,
    parent: Path | None = None,
    settings: Training = SETTINGS,
    seed: int = 5,
):
    return train_dpo(base, parent, pairs, settings, seed, out, device="cpu")


@pytest.fixture(scope="module")
def trained(tiny_model: str, tmp_path_factory: pytest.TempPathFactory):
    return train(tiny_model, tmp_path_factory.mktemp("policies") / "first")


def values(result, metric: str) -> list[float]:
    return [entry["value"] for entry in result.log if entry["metric"] == metric]


def test_margins_grow_and_every_step_is_logged(trained) -> None:
    margins = values(trained, "rewards/margins")
    assert len(margins) == trained.metrics["steps"] == 9
    assert margins[0] == pytest.approx(0, abs=1e-3)  # a fresh adapter is the reference itself
    assert min(margins[-3:]) > 0.1
    assert trained.metrics["late_accuracy"] > 0.9
    assert values(trained, "loss")[0] == pytest.approx(0.6931, abs=1e-3)
    assert values(trained, "lengths/chosen")[0] > 1
    assert not {"train_runtime", "epoch"} & {entry["metric"] for entry in trained.log}


def test_sharing_the_prompt_changes_nothing_but_the_time(trained, tiny_model: str, tmp_path: Path) -> None:
    exact = SETTINGS.model_copy(update={"bf16": False})
    shared = train_dpo(tiny_model, trained.path, PAIRS, exact, 5, tmp_path / "shared", device="cpu")
    apart = train_dpo(
        tiny_model, trained.path, PAIRS, exact, 5, tmp_path / "apart", device="cpu", share_prompt=False
    )
    for metric in ("loss", "rewards/margins", "logps/chosen", "logps/rejected", "lengths/chosen", "kl"):
        assert values(shared, metric) == pytest.approx(values(apart, metric), rel=1e-3, abs=1e-3)


def test_equal_inputs_give_equal_weights(trained, tiny_model: str, tmp_path: Path) -> None:
    torch.rand(3)
    again = train(tiny_model, tmp_path / "again")
    assert again.sha256 == trained.sha256
    assert again.log == trained.log
    for name in ("adapter_config.json", "training.json"):
        assert (again.path / name).read_bytes() == (trained.path / name).read_bytes()
    assert train(tiny_model, tmp_path / "other", seed=6).sha256 != trained.sha256


def test_a_finished_folder_is_returned_without_training(
    trained, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.training.dpo.PairTrainer", None)
    assert train(tiny_model, trained.path) == trained


def test_damaged_or_other_folders_are_trained_again(trained, tiny_model: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained.path, copy)
    (copy / "adapter_model.safetensors").write_bytes(b"damaged")
    assert train(tiny_model, copy).sha256 == trained.sha256
    assert train(tiny_model, copy, pairs=PAIRS[:8]).sha256 != trained.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]  # no partial folders are left


def test_the_next_iteration_starts_from_its_parent_and_saves_no_reference(
    trained, tiny_model: str, tmp_path: Path
) -> None:
    second = train(tiny_model, tmp_path / "second", parent=trained.path)
    assert values(second, "rewards/margins")[0] == pytest.approx(0, abs=1e-3)  # measured against the parent
    assert second.sha256 != trained.sha256
    names = load_file(second.path / "adapter_model.safetensors")
    assert names.keys() == load_file(trained.path / "adapter_model.safetensors").keys()
    assert not (second.path / "ref").exists()
    parent, child = (
        json.loads((path / "adapter_config.json").read_text()) for path in (trained.path, second.path)
    )
    assert parent == child


def test_held_to_the_base_model_the_parents_lead_counts(trained, tiny_model: str, tmp_path: Path) -> None:
    based = SETTINGS.model_copy(update={"reference": "base", "epochs": 1})
    second = train(tiny_model, tmp_path / "second", parent=trained.path, settings=based)
    assert values(second, "rewards/margins")[0] > 0.1  # what the parent learned, measured against the base
    assert values(second, "loss")[0] < 0.69
    names = load_file(second.path / "adapter_model.safetensors")
    assert names.keys() == load_file(trained.path / "adapter_model.safetensors").keys()
    plain = SETTINGS.model_copy(update={"bf16": False})
    first = train(tiny_model, tmp_path / "previous", settings=plain)
    same = train(tiny_model, tmp_path / "base", settings=plain.model_copy(update={"reference": "base"}))
    assert same.sha256 == first.sha256  # a first policy has one reference


def test_the_divergence_from_the_reference_is_logged_from_the_first_step(trained) -> None:
    kl = values(trained, "kl")
    assert len(kl) == trained.metrics["steps"]
    assert kl[0] == pytest.approx(0, abs=1e-2)  # a fresh adapter is the reference itself
    assert kl[-1] > 0.1
    assert min(kl) >= 0
    lengths = [values(trained, f"lengths/{side}")[-1] for side in ("chosen", "rejected")]
    assert values(trained, "kl/token")[-1] == pytest.approx(2 * kl[-1] / sum(lengths), rel=1e-4)
    for metric in ("grad_norm", "learning_rate", "rewards/accuracies", "logps/chosen"):
        assert len(values(trained, metric)) == trained.metrics["steps"], metric


def test_the_divergence_is_unbiased_where_the_reference_wrote_the_tokens() -> None:
    generator = torch.Generator().manual_seed(3)
    reference, policy = (torch.randn(8, generator=generator).log_softmax(-1) for _ in range(2))
    drawn = torch.multinomial(reference.exp(), 200_000, replacement=True, generator=generator)
    mask = torch.ones(1, len(drawn))
    estimates = token_divergence(policy[drawn][None], reference[drawn][None], mask)
    assert (estimates >= 0).all()
    exact = (reference.exp() * (reference - policy)).sum()
    assert float(estimates.mean()) == pytest.approx(float(exact), rel=0.02)
    assert token_divergence(policy[drawn][None], reference[drawn][None], 0 * mask).sum() == 0


def test_a_manifest_says_where_the_weights_come_from(tiny_model: str, tmp_path: Path) -> None:
    def origin_of(version: str) -> dict[str, str]:
        settings = SETTINGS.model_copy(update={"epochs": 1})
        origin = {"data_version": version}
        made = train_dpo(
            tiny_model, None, PAIRS[:4], settings, 5, tmp_path / "one", device="cpu", origin=origin
        )
        manifest = json.loads((made.path / "training.json").read_text())
        assert manifest["inputs"]["seed"] == 5
        assert manifest["sha256"] == made.sha256
        return manifest["origin"]

    assert origin_of("a") == {"data_version": "a"}
    assert origin_of("b") == {"data_version": "b"}  # the same pairs, from another version of the table


def test_the_policy_writes_other_texts_and_prefers_what_it_was_taught(trained, tiny_model: str) -> None:
    backend = TransformersBackend(tiny_model, device="cpu")
    prompts = [pair.prompt for pair in PAIRS]
    greedy = Sampling(max_new_tokens=8)
    assert backend.generate(prompts, greedy, adapter=str(trained.path)) != backend.generate(prompts, greedy)


def test_nothing_but_the_adapter_changes(tiny_model: str, tmp_path: Path) -> None:
    before = model_fingerprint(tiny_model)
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    train(tiny_model, tmp_path / "policy")
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == threads
    assert model_fingerprint(tiny_model) == before


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "0 preference pairs"),
        ([PAIRS[0], dataclasses.replace(PAIRS[1], rejected=PAIRS[1].chosen)], "of 2 pairs 1 have equal"),
        ([PAIRS[0], dataclasses.replace(PAIRS[1], chosen="  ")], "1 an empty reply"),
    ],
)
def test_pairs_that_teach_nothing_are_refused(
    pairs: list[PreferencePair], message: str, tiny_model: str, tmp_path: Path
) -> None:
    with pytest.raises(WorkError, match=message):
        train(tiny_model, tmp_path / "refused", pairs=pairs)
    assert not (tmp_path / "refused").exists()


def test_too_long_pairs_are_left_out_and_counted(tiny_model: str, tmp_path: Path) -> None:
    long = dataclasses.replace(PAIRS[0], chosen="the screen is bright " * 100)
    result = train(tiny_model, tmp_path / "some", pairs=[*PAIRS[:4], long])
    assert result.metrics["pairs"] == 5
    assert result.metrics["pairs_too_long"] == 1
    with pytest.raises(WorkError, match="all 1 pairs are longer"):
        train(tiny_model, tmp_path / "none", pairs=[long])


BOOTSTRAP = {"samples": 500, "confidence": 0.95, "seed": 1}


def test_a_clear_gain_is_promoted_and_noise_is_not() -> None:
    old = [0.1, 0.5, 0.3, 0.4] * 10
    clear = decide(old, [value + 0.1 for value in old], min_gain=0.05, **BOOTSTRAP)
    assert clear.promoted
    assert clear.mean_gain == pytest.approx(0.1)
    assert clear.ci_low is not None
    assert not decide(old, [value + 0.1 for value in old], min_gain=0.1 + 1e-9, **BOOTSTRAP).promoted
    assert not decide(old, list(reversed(old)), min_gain=0.0, **BOOTSTRAP).promoted
    assert not decide(old, old, min_gain=0.0, **BOOTSTRAP).promoted


def test_the_error_is_divided_among_the_candidates_of_an_iteration() -> None:
    rng = np.random.default_rng(4)
    old = rng.normal(0.5, 0.1, 60)
    alone = gained = 0
    for seed in range(200):  # worthless candidates: the gain is noise around 0
        new = old + np.random.default_rng(seed).normal(0, 0.1, 60)
        options = {"min_gain": 0.0, "samples": 400, "confidence": 0.9, "seed": seed}
        alone += decide(old.tolist(), new.tolist(), **options).promoted
        gained += decide(old.tolist(), new.tolist(), candidates=2, **options).promoted
    assert alone > gained > 0
    two = decide(old.tolist(), old.tolist(), min_gain=0.0, candidates=2, **BOOTSTRAP)
    assert two.confidence == pytest.approx(0.975)
    assert "97.50% interval, 1 of 2 tried" in two.reason


def test_without_validation_examples_nothing_is_promoted() -> None:
    decision = decide([], [], min_gain=0.0, **BOOTSTRAP)
    assert (decision.n, decision.promoted, decision.mean_gain) == (0, False, None)
    with pytest.raises(ValueError, match="against"):
        decide([0.1], [], min_gain=0.0, **BOOTSTRAP)


def test_too_few_validation_examples_promote_nothing() -> None:
    six, five = (decide([0.1] * n, [0.9] * n, min_gain=0.0, **BOOTSTRAP) for n in (6, 5))
    assert six.promoted  # 2^-6 is below the 2.5% on one side of the interval, 2^-5 is not
    assert (five.promoted, five.ci_low) == (False, pytest.approx(0.8))
    assert "fewer than 6 validation examples" in five.reason
    assert not decide([0.1] * 6, [0.9] * 6, min_gain=0.0, candidates=2, **BOOTSTRAP).promoted
