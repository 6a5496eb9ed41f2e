"""How much more a policy prefers the chosen reply of a pair than its reference does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel
from transformers import PreTrainedModel

from models.llm.transformers_backend import chat_format, load_model, load_tokenizer, pick_device
from models.training.dpo import tokenize
from models.training.pairs import PreferencePair
from models.training.shared_prompt import SharedPromptCollator, can_share, share_prompts

Values = npt.NDArray[np.float64]
BATCH = 16  # pairs at a time: 32 replies


def reply_log_probs(
    base_model: str,
    adapter: Path | None,
    pairs: Sequence[PreferencePair],
    max_length: int,
    *,
    device: str = "auto",
) -> Values:
    """Log-probability of every reply given its prompt, in nats: (pairs, 2), chosen first.

    `adapter` None is the base model. A pair longer than `max_length` tokens, which training leaves out, is
    nan in both. In float32 on a CPU, whatever training uses.
    """
    place = pick_device(device)
    model: Any = load_model(base_model, place)
    tokenizer = load_tokenizer(base_model)
    chat = chat_format(tokenizer, model)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter), is_trainable=False).merge_and_unload()
    shared = can_share(model)
    if shared:
        share_prompts(model)
    collate = SharedPromptCollator(int(tokenizer.pad_token_id))
    found = np.full((len(pairs), 2), np.nan)
    rows = []
    for place_in_list, pair in enumerate(pairs):
        fitting = tokenize([pair], chat, int(tokenizer.eos_token_id), max_length)
        rows += [(place_in_list, row) for row in fitting]
    rows.sort(key=lambda item: (sum(map(len, item[1].values())), item[0]))  # less padding
    for start in range(0, len(rows), BATCH):
        places, batch_rows = zip(*rows[start : start + BATCH], strict=True)
        batch = {name: value.to(place) for name, value in collate(batch_rows).items()}
        with torch.no_grad():
            sums = _sums_shared(model, batch) if shared else _sums_apart(model, batch_rows, place)
        found[list(places)] = sums.double().cpu().numpy().reshape(2, -1).T  # chosen replies come first
    return found


def margins(policy: Values, reference: Values) -> Values:
    """DPO's implicit reward margin without its factor beta, in nats: (pairs,) from two (pairs, 2).

    log(policy / reference) of the chosen reply minus that of the rejected one (Rafailov et al. 2023); above
    0 the policy prefers the chosen reply more than its reference does.
    """
    ratios = policy - reference
    found: Values = ratios[:, 0] - ratios[:, 1]
    return found


def _sums_shared(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """(2B,) from a batch of `SharedPromptCollator`: one pass for both replies of a pair."""
    names = ("prompt_ids", "prompt_mask", "input_ids", "attention_mask")
    hidden = model.base_model(**{name: batch[name] for name in names}, use_cache=False).last_hidden_state
    logits = model.get_output_embeddings()(hidden[:, :-1])
    return _gather(logits, batch["input_ids"][:, 1:], batch["completion_mask"][:, 1:])


def _sums_apart(
    model: PreTrainedModel, rows: Sequence[dict[str, list[int]]], device: torch.device
) -> torch.Tensor:
    """(2B,) with a pass of its own for every reply."""
    sums = []
    for name in ("chosen_ids", "rejected_ids"):
        for row in rows:
            ids = torch.tensor([row["prompt_ids"] + row[name]], device=device)
            replies = torch.ones_like(ids)
            replies[:, : len(row["prompt_ids"])] = 0
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
            sums.append(_gather(logits, ids[:, 1:], replies[:, 1:]))
    return torch.cat(sums)


def _gather(logits: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Sum of the log-probabilities of `ids` where `mask` is 1: (B, T, V), (B, T), (B, T) -> (B,)."""
    log_probs = torch.log_softmax(logits.float(), dim=-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    return (log_probs * mask).sum(dim=1)
