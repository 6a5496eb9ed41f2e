"""One forward pass per pair instead of two: both replies hang on one prompt.

A pair is [prompt | chosen | rejected] in one row, with a mask that hides the chosen reply from the rejected
one and positions that continue from the prompt for both. The hidden states are those of two separate rows, at
about half the cost where prompts are longer than replies. Only reply positions reach the language-model head.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel


def can_share(model: PreTrainedModel) -> bool:
    """Whether every layer attends to everything before it; sliding windows count distance along the row."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or ["full_attention"]
    return config.model_type in {"llama", "qwen2", "qwen3", "mistral"} and (
        set(kinds) == {"full_attention"} and not getattr(config, "sliding_window", None)
    )


@dataclass(frozen=True)
class SharedPromptCollator:
    """Batches of rows (prompt_ids, chosen_ids, rejected_ids) -> tensors for a model with `share_prompts`.

    For TRL a sequence is the last token of its prompt and then the reply, chosen rows first: (2B, 1 + C).
    The prompts travel beside them, padded on the left: shapes (B, P).
    """

    pad_id: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        prompts = [row["prompt_ids"] for row in rows]
        replies = [row["chosen_ids"] for row in rows] + [row["rejected_ids"] for row in rows]
        longest_prompt, longest_reply = max(map(len, prompts)), max(map(len, replies))
        prompt_ids = torch.full((len(prompts), longest_prompt), self.pad_id)
        prompt_mask = torch.zeros_like(prompt_ids)
        for index, prompt in enumerate(prompts):
            prompt_ids[index, longest_prompt - len(prompt) :] = torch.tensor(prompt)
            prompt_mask[index, longest_prompt - len(prompt) :] = 1
        input_ids = torch.full((len(replies), 1 + longest_reply), self.pad_id)
        input_ids[:, 0] = prompt_ids[:, -1].repeat(2)
        completion_mask = torch.zeros_like(input_ids)
        for index, reply in enumerate(replies):
            input_ids[index, 1 : 1 + len(reply)] = torch.tensor(reply)
            completion_mask[index, 1 : 1 + len(reply)] = 1
        attention_mask = completion_mask.clone()
        attention_mask[:, 0] = 1
        batch = {
            "prompt_ids": prompt_ids,
            "prompt_mask": prompt_mask,
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "completion_mask": completion_mask,
        }
        for name in ("ref_chosen_logps", "ref_rejected_logps"):
            if name in rows[0]:
                batch[name] = torch.tensor([row[name] for row in rows])
        return batch


def share_prompts(model: PreTrainedModel) -> None:
    """Teach the body of `model` to read batches of `SharedPromptCollator`; other calls are as before."""
    body = model.base_model
    original = body.forward

    def forward(
        self: Any,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        prompt_ids: torch.Tensor | None = None,
        prompt_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        if prompt_ids is None or prompt_mask is None or input_ids is None or attention_mask is None:
            return original(input_ids=input_ids, attention_mask=attention_mask, **kwargs)
        ids, mask, positions = pack(prompt_ids, prompt_mask, input_ids, attention_mask)
        output = original(input_ids=ids, attention_mask=mask, position_ids=positions, **kwargs)
        output.last_hidden_state = unpack(output.last_hidden_state, prompt_ids.shape[1])
        return output

    body.forward = types.MethodType(forward, body)


def pack(
    prompt_ids: torch.Tensor, prompt_mask: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows [prompt | chosen | rejected] of T = P + 2C tokens -> ids (B, T), mask (B, 1, T, T), positions."""
    chosen, rejected = input_ids[:, 1:].chunk(2)
    chosen_mask, rejected_mask = attention_mask[:, 1:].chunk(2)
    prompt_length, reply_length = prompt_ids.shape[1], chosen.shape[1]
    ids = torch.cat([prompt_ids, chosen, rejected], dim=1)
    length = ids.shape[1]
    visible = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
    visible[prompt_length + reply_length :, prompt_length : prompt_length + reply_length] = False
    real = torch.cat([prompt_mask, chosen_mask, rejected_mask], dim=1).bool()
    itself = torch.eye(length, dtype=torch.bool, device=ids.device)  # a row that sees nothing would be nan
    mask = ((visible & real[:, None, :]) | itself)[:, None]
    in_prompt = (prompt_mask.cumsum(dim=1) - 1).clamp(min=0)
    in_reply = prompt_mask.sum(dim=1, keepdim=True) + torch.arange(reply_length, device=ids.device)
    return ids, mask, torch.cat([in_prompt, in_reply, in_reply], dim=1)


def unpack(hidden: torch.Tensor, prompt_length: int) -> torch.Tensor:
    """Hidden states (B, P + 2C, H) -> (2B, 1 + C, H): the last prompt position and then the reply."""
    last = hidden[:, prompt_length - 1 : prompt_length]
    chosen, rejected = hidden[:, prompt_length:].chunk(2, dim=1)
    return torch.cat([torch.cat([last, chosen], dim=1), torch.cat([last, rejected], dim=1)])
