"""Batched decoding with a key-value cache: prefill once per prompt, then one token per step for every row.

Compared with `generate` of transformers: candidates of one prompt share its prefill, the cache is written in
place instead of being copied at every step, and rows that are finished leave the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from models.llm.backend import Sampling

COMPACT_BELOW = 0.75  # share of live rows below which the batch is compacted: copying costs about one step


class ReservedLayer(DynamicLayer):
    """A cache layer with room for the tokens to come: growing it copies nothing."""

    def __init__(self, filled: DynamicLayer, room: int, repeats: int) -> None:
        super().__init__()
        self.dtype, self.device = filled.dtype, filled.device
        self.is_initialized = True
        self.length = filled.keys.shape[-2]
        self.key_room = _with_room(filled.keys, room, repeats)
        self.value_room = _with_room(filled.values, room, repeats)
        self._show()

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        end = self.length + key_states.shape[-2]
        self.key_room[:, :, self.length : end] = key_states
        self.value_room[:, :, self.length : end] = value_states
        self.length = end
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        self.key_room, self.value_room = self.key_room[indices], self.value_room[indices]
        self._show()

    def _show(self) -> None:
        self.keys = self.key_room[:, :, : self.length]
        self.values = self.value_room[:, :, : self.length]


def _with_room(states: torch.Tensor, room: int, repeats: int) -> torch.Tensor:
    batch, heads, length, width = states.shape
    larger = states.new_zeros(batch * repeats, heads, length + room, width)
    larger[:, :, :length] = states.repeat_interleave(repeats, dim=0)
    return larger


def reserve(cache: Cache, room: int, repeats: int) -> None:
    """Repeat every row of a filled cache `repeats` times and make room for `room` more tokens."""
    for index, layer in enumerate(cache.layers):
        if type(layer) is DynamicLayer:
            cache.layers[index] = ReservedLayer(layer, room, repeats)
        elif repeats > 1:  # sliding windows and the like keep their own way to grow
            layer.batch_repeat_interleave(repeats)


def choose(logits: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> torch.Tensor:
    """Next token per row from logits (rows, vocabulary): argmax, or a draw from the tempered nucleus."""
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    weights = torch.softmax(logits.float() / sampling.temperature, dim=-1)
    if sampling.top_p < 1:
        ordered, order = weights.sort(dim=-1, descending=True, stable=True)
        outside = ordered.cumsum(dim=-1) - ordered >= sampling.top_p  # the token that crosses top_p stays in
        weights = torch.zeros_like(weights).scatter(-1, order, ordered.masked_fill(outside, 0.0))
    return torch.multinomial(weights, num_samples=1, generator=generator).squeeze(-1)


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    stop_ids: Sequence[int],
    pad_id: int,
    seed: int,
) -> list[list[list[int]]]:
    """Token ids of `sampling.n` completions per prompt; one that ended carries its stop token last.

    Prompts are token ids, none empty. Draws come from a generator seeded with `seed`; a row keeps its
    place in the stream of draws only while the batch is the same, so batches must be fixed by the caller.
    """
    device = model.device
    longest = max(len(prompt) for prompt in prompts)
    ids = torch.full((len(prompts), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(prompts), longest + sampling.max_new_tokens), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) : longest] = 1
    mask[:, longest:] = 1
    ids, mask = ids.to(device), mask.to(device)
    cache = DynamicCache(config=model.config)
    positions = (mask[:, :longest].cumsum(dim=-1) - 1).clamp(min=0)
    prefill = model(
        input_ids=ids,
        attention_mask=mask[:, :longest],
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    repeats = sampling.n
    logits = prefill.logits[:, -1].repeat_interleave(repeats, dim=0)
    mask = mask.repeat_interleave(repeats, dim=0)
    position = positions[:, -1:].repeat_interleave(repeats, dim=0)
    reserve(cache, sampling.max_new_tokens, repeats)

    generator = torch.Generator(device=device).manual_seed(seed)
    stops = torch.tensor(sorted(stop_ids), device=device)
    rows = torch.arange(len(prompts) * repeats, device=device)  # which completion each live row is
    done = torch.zeros(len(rows), dtype=torch.bool, device=device)
    written: list[list[int]] = [[] for _ in range(len(rows))]
    for step in range(sampling.max_new_tokens):
        token = choose(logits, sampling, generator)
        for row, value, finished in zip(rows.tolist(), token.tolist(), done.tolist(), strict=True):
            if not finished:
                written[row].append(value)
        done = done | torch.isin(token, stops)
        live = int((~done).sum())
        if live == 0 or step + 1 == sampling.max_new_tokens:
            break
        if live < COMPACT_BELOW * len(rows):
            keep = (~done).nonzero().squeeze(-1)
            for layer in cache.layers:
                layer.batch_select_indices(keep)
            token, mask, position, rows = token[keep], mask[keep], position[keep], rows[keep]
            done = done[keep]
        position = position + 1
        logits = model(
            input_ids=token.unsqueeze(-1),
            attention_mask=mask[:, : longest + step + 1],
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]
    return [written[start : start + repeats] for start in range(0, len(written), repeats)]
