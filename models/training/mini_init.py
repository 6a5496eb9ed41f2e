"""Start pat-mini with the circuit that copying needs.

Summaries and drafts are mostly copied from the prompt. Models learn to copy by forming induction heads
(Olsson et al. 2022): one head moves each token's predecessor into the residual stream, a later one looks for
the place whose predecessor is the current token and repeats what stands there. Repeating random tokens, a
model of this size was still at 4.9 nats after 300 steps; with these two heads set as initial weights it was
at 0.7 after 150. All other weights keep their random start.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from transformers import LlamaForCausalLM

CONSTANT: Final = 0.1  # embedding of dimension 0 for every token: lets a head depend on position alone
FREQUENCIES: Final = 10  # the fastest rotary frequencies; slower ones cannot tell neighbors apart
SHARPNESS: Final = 8.0  # logit by which the previous token beats its own neighbors, before training
MATCH: Final = 1.0  # gain of the comparison between a token and the predecessors
COPY: Final = 0.1  # how strongly the place found is written out


@torch.no_grad()
def plant_induction(model: LlamaForCausalLM, generator: torch.Generator) -> None:
    """Overwrite head 0 of layers 0 and 1 in place; needs at least two layers of full-width attention."""
    config = model.config
    width, head = config.hidden_size, config.head_dim
    embedding = model.get_input_embeddings().weight
    spread = float(embedding.std())
    embedding[:, 0] = CONSTANT
    rms = math.sqrt((CONSTANT**2 + (width - 1) * spread**2) / width)
    identity = _orthonormal(width, head, generator)  # the 64 directions in which tokens are compared
    slot = _orthonormal(width, head, generator)  # where the predecessor is kept
    identity[0] = slot[0] = 0.0
    previous, finder = model.model.layers[0].self_attn, model.model.layers[1].self_attn

    theta = float(config.rope_parameters["rope_theta"])
    angles = theta ** (-torch.arange(head // 2) / (head / 2))
    gap = float((1 - torch.cos(angles[:FREQUENCIES])).sum())  # how far one step off the peak falls
    amplitude = math.sqrt(SHARPNESS * math.sqrt(head) / gap) * rms / CONSTANT
    previous.q_proj.weight[:head] = 0.0
    previous.k_proj.weight[:head] = 0.0
    for n, angle in enumerate(angles[:FREQUENCIES].tolist()):
        previous.q_proj.weight[n, 0] = amplitude
        previous.k_proj.weight[n, 0] = amplitude * math.cos(angle)
        previous.k_proj.weight[n + head // 2, 0] = amplitude * math.sin(angle)
    previous.v_proj.weight[:head] = identity.T
    previous.o_proj.weight[:, :head] = slot * rms

    finder.q_proj.weight[:head] = MATCH * identity.T
    finder.k_proj.weight[:head] = MATCH * slot.T
    copied = _orthonormal(width, head, generator)
    copied[0] = 0.0
    finder.v_proj.weight[:head] = copied.T
    finder.o_proj.weight[:, :head] = COPY * copied


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """(rows, columns) with orthonormal columns."""
    return torch.linalg.qr(torch.randn(rows, columns, generator=generator)).Q
