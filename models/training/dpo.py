"""Direct preference optimization (Rafailov et al. 2023) of one LoRA adapter, by TRL and PEFT.

Training starts from the policy that wrote the candidates: the base model, or the parent adapter. What it is
held to is `training.reference` of the recipe. `previous`, the default: the same policy, that is the base
model for a first adapter (PEFT switches the adapter off) and a frozen copy of the parent afterwards (TRL
names it "ref"). `base`: always the base model, so that policies cannot drift away from it over the
iterations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from transformers import PreTrainedModel, PrinterCallback
from trl import DPOConfig
from trl.trainer.dpo_trainer import DataCollatorForPreference

from models import progress
from models.errors import WorkError
from models.llm.chat import ChatFormat
from models.llm.transformers_backend import (
    chat_format,
    load_model,
    load_tokenizer,
    pick_device,
    pick_threads,
)
from models.llm.weights import adapter_sha256, model_fingerprint
from models.recipes import Training
from models.training.adapters import TrainingResult, inputs_sha256, load_finished, save_adapter, stamp
from models.training.pairs import PreferencePair, check_pairs, pairs_sha256
from models.training.shared_prompt import SharedPromptCollator, can_share, share_prompts
from models.training.trainer import PairTrainer, ReferenceCollator, StepBar

TIMES: Final = {"epoch", "train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos"}


def train_dpo(
    base_model: str,
    parent_adapter: Path | None,
    pairs: Sequence[PreferencePair],
    settings: Training,
    seed: int,
    out_dir: Path,
    *,
    device: str = "auto",
    description: str = "training",
    share_prompt: bool = True,
    origin: Mapping[str, Any] | None = None,
) -> TrainingResult:
    """Train an adapter and leave it in `out_dir`, whole or not at all.

    Equal inputs give equal weights on one machine; an `out_dir` that was made from equal inputs is returned
    as it is. `origin` (recipe, data version) is written into the manifest and decides nothing. Raises
    WorkError for pairs that cannot be trained on. The caller's random state and torch settings are the same
    afterwards; the base model is an instance of its own. `share_prompt` halves the work and changes the
    numbers by rounding alone.
    """
    check_pairs(pairs)
    inputs = {
        "base_model": base_model,
        "base_sha256": model_fingerprint(base_model),
        "parent_sha256": adapter_sha256(parent_adapter) if parent_adapter else None,
        "pairs_sha256": pairs_sha256(pairs),
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
    }
    key = inputs_sha256(inputs)
    finished = load_finished(out_dir, key)
    if finished is not None:
        stamp(out_dir, origin or {})
        return finished
    place = pick_device(device)
    with _settings_restored(place):
        model = load_model(base_model, place)
        tokenizer = load_tokenizer(base_model)
        chat = chat_format(tokenizer, model)
        rows = tokenize(pairs, chat, int(tokenizer.eos_token_id), settings.max_length)
        if not rows:
            raise WorkError(
                f"all {len(pairs)} pairs are longer than training.max_length = {settings.max_length} tokens",
                step="training",
                remedy="raise training.max_length, or show agents fewer reviews",
            )
        shared = share_prompt and can_share(model)
        if shared:
            share_prompts(model)
        collator = SharedPromptCollator if shared else DataCollatorForPreference
        policy, lora = _policy(model, parent_adapter, settings)
        trainer = PairTrainer(
            reference=settings.reference,
            model=policy,
            args=_config(settings, seed, place, out_dir),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            data_collator=ReferenceCollator(collator(int(tokenizer.pad_token_id))),
            peft_config=lora,
        )
        trainer.remove_callback(PrinterCallback)
        steps = -(-len(rows) // settings.batch_size) * settings.epochs
        with progress.bar(description, total=steps, unit="steps") as bar:
            trainer.add_callback(StepBar(bar))
            trainer.train()
        log = _long_log(trainer.state.log_history)
        metrics = _metrics(log, rows, len(pairs))
        made_from = {"inputs_sha256": key, "inputs": inputs, "origin": dict(origin or {})}
        return save_adapter(trainer.model, base_model, out_dir, made_from, log, metrics)


def tokenize(
    pairs: Sequence[PreferencePair], chat: ChatFormat, end_id: int, max_length: int
) -> list[dict[str, list[int]]]:
    """Token ids of prompt, chosen and rejected per pair; pairs longer than `max_length` tokens are left out.

    TRL would cut them instead, and a cut reply teaches to stop anywhere.
    """
    rows = []
    for pair in pairs:
        prompt = chat.encode(chat.render(pair.prompt))
        chosen = chat.encode_completion(pair.chosen) + [end_id] * pair.chosen_ended
        rejected = chat.encode_completion(pair.rejected) + [end_id] * pair.rejected_ended
        if len(prompt) + max(len(chosen), len(rejected)) <= max_length:
            rows.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected})
    return rows


def _policy(
    model: PreTrainedModel, parent: Path | None, settings: Training
) -> tuple[PreTrainedModel | PeftModel, LoraConfig | None]:
    """A fresh adapter to be put on the base, or the parent to be continued (TRL copies it as reference)."""
    if parent is not None:
        return PeftModel.from_pretrained(model, str(parent), is_trainable=True), None
    return model, LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _config(settings: Training, seed: int, device: torch.device, out_dir: Path) -> DPOConfig:
    """Every default that was chosen for large models on GPUs is set here."""
    on_cpu = device.type == "cpu"
    return DPOConfig(
        output_dir=str(out_dir),  # nothing is written there: no checkpoints, no model card
        seed=seed,
        data_seed=seed,
        use_cpu=on_cpu,
        bf16=settings.bf16
        and (not on_cpu or torch.cpu._is_avx512_bf16_supported()),  # emulated bf16 is slower
        activation_checkpointing=not on_cpu,
        dataloader_pin_memory=not on_cpu,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        optim="adamw_torch",
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        max_length=settings.max_length,
        beta=settings.beta,
        loss_type=["sigmoid"],
        precompute_ref_log_probs=True,  # the reference does not change: once per pair, not once per epoch
        disable_dropout=settings.lora_dropout == 0,
        logging_strategy="steps",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
    )


@contextmanager
def _settings_restored(device: torch.device) -> Iterator[None]:
    """Trainers seed every generator and set threads; the caller gets all of it back as it was."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if device.type == "cuda" else []
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    if device.type == "cpu":
        torch.set_num_threads(pick_threads())
    try:
        with torch.enable_grad():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)
        torch.set_num_threads(threads)
        torch.set_grad_enabled(grad)


def _long_log(history: Sequence[dict[str, float]]) -> list[dict[str, Any]]:
    """One dict (step, metric, value) per logged number; timings are left out, equal runs differ in them."""
    return [
        {"step": int(entry["step"]), "metric": metric, "value": float(value)}
        for entry in history
        if "train_loss" not in entry
        for metric, value in sorted(entry.items())
        if metric != "step" and metric not in TIMES
    ]


def _metrics(
    log: Sequence[dict[str, Any]], rows: Sequence[dict[str, list[int]]], n_pairs: int
) -> dict[str, float]:
    steps = max(entry["step"] for entry in log)
    last = [entry for entry in log if entry["step"] > steps // 2]

    def late(metric: str) -> float:
        return float(np.mean([entry["value"] for entry in last if entry["metric"] == metric]))

    return {
        "pairs": n_pairs,
        "pairs_too_long": n_pairs - len(rows),
        "steps": steps,
        "first_loss": next(entry["value"] for entry in log if entry["metric"] == "loss"),
        "late_loss": late("loss"),  # late: the mean over the second half of the steps
        "late_accuracy": late("rewards/accuracies"),
        "late_margin": late("rewards/margins"),
        "late_kl": late("kl"),
        "chosen_tokens": float(np.mean([len(row["chosen_ids"]) for row in rows])),
        "rejected_tokens": float(np.mean([len(row["rejected_ids"]) for row in rows])),
    }
