"""Causal language models in this process, by transformers; policies are LoRA adapters merged into a copy."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from models.errors import InputError
from models.llm.backend import Completion, Sampling
from models.llm.chat import ChatFormat
from models.llm.decoding import decode
from models.llm.weights import adapter_sha256, locate, model_fingerprint, no_model

RESERVE_SHARE: Final = 4  # a quarter of the context, at most 512 tokens, is kept free for the reply
RESERVE_TOKENS: Final = 512


def pick_device(device: str = "auto") -> torch.device:
    """The device named, or the first GPU if there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def pick_threads() -> int:
    """OpenMP threads to use on the CPU.

    Waiting threads that spin make two threads many times slower than one as soon as another process wants the
    core, so more than one is used only when the environment tells them not to spin (OMP_WAIT_POLICY=PASSIVE).
    """
    if os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE":
        return torch.get_num_threads()
    return 1


def load_model(base_model: str, device: torch.device) -> PreTrainedModel:
    """An instance of its own in eval mode: fp32 on CPU (bf16 changes a fifth of greedy texts), else bf16."""
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    transformers_logging.disable_progress_bar()  # ours speaks instead
    try:
        model = AutoModelForCausalLM.from_pretrained(
            locate(base_model), dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise no_model(base_model, error) from error
    model.requires_grad_(False)
    return model.to(device).eval()


def load_tokenizer(base_model: str) -> PreTrainedTokenizerBase:
    """The tokenizer, padding on the left as generation needs, with a pad token."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(locate(base_model), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise no_model(base_model, error) from error
    tokenizer.padding_side = "left"
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer of {base_model} has no end token", remedy="use a causal language model"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def chat_format(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> ChatFormat:
    """Prompts of this model: cut so that a reply still fits into its context."""
    context = int(getattr(model.config.get_text_config(), "max_position_embeddings", 2048))
    return ChatFormat(tokenizer, context, reserve=min(context // RESERVE_SHARE, RESERVE_TOKENS))


class TransformersBackend:
    """One base model, never changed, and beside it at most one policy merged into a copy."""

    def __init__(self, base_model: str, device: str = "auto") -> None:
        self.base_model = base_model
        self.device = pick_device(device)
        if self.device.type == "cpu":
            torch.set_num_threads(pick_threads())
        self.tokenizer = load_tokenizer(base_model)
        self.model = load_model(base_model, self.device)
        self.chat = chat_format(self.tokenizer, self.model)
        self._policy: tuple[str, PreTrainedModel] | None = None  # (path and weights hash, merged copy)
        self._stop_ids = self._find_stop_ids()

    def render(self, prompt: str) -> str:
        """The full prompt text, as generated from and as trained on."""
        return self.chat.render(prompt)

    def fingerprint(self, adapter: str | None = None) -> str:
        """Hash of the policy that writes: base model and adapter."""
        base = model_fingerprint(self.base_model)
        return (
            base
            if adapter is None
            else hashlib.sha256(f"{base}+{adapter_sha256(adapter)}".encode()).hexdigest()
        )

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, *, adapter: str | None = None, seed: int = 0
    ) -> list[list[Completion]]:
        """One batch of user messages -> per prompt `sampling.n` completions, in order.

        `adapter` is the folder of a PEFT LoRA adapter, None the base model. Equal inputs give equal bytes on
        one machine. Raises InputError when the adapter cannot be loaded.
        """
        if not prompts:
            return []
        ids = [self.chat.encode(self.render(prompt)) for prompt in prompts]
        written = decode(
            self._model(adapter),
            ids,
            sampling,
            stop_ids=self._stop_ids,
            pad_id=int(self.tokenizer.pad_token_id),
            seed=seed,
        )
        return [
            [self._completion(prompt, tokens) for tokens in candidates]
            for prompt, candidates in zip(ids, written, strict=True)
        ]

    def _completion(self, prompt: list[int], tokens: list[int]) -> Completion:
        ended = bool(tokens) and tokens[-1] in self._stop_ids
        body = tokens[:-1] if ended else tokens
        text = self.tokenizer.decode(body, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(str(text), len(prompt), len(body), "stop" if ended else "length")

    def _find_stop_ids(self) -> frozenset[int]:
        configured = self.model.generation_config.eos_token_id
        listed = configured if isinstance(configured, list) else [configured]
        return frozenset(int(one) for one in [*listed, self.tokenizer.eos_token_id] if one is not None)

    def _model(self, adapter: str | None) -> PreTrainedModel:
        if adapter is None:
            return self.model
        key = f"{Path(adapter).resolve()}:{adapter_sha256(adapter)}"
        if self._policy is None or self._policy[0] != key:
            self._policy = None  # frees the last copy before the next is made
            self._policy = (key, self._merged(adapter))
        return self._policy[1]

    def _merged(self, adapter: str) -> PreTrainedModel:
        from peft import PeftModel

        try:
            policy = PeftModel.from_pretrained(copy.deepcopy(self.model), adapter, is_trainable=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"the adapter does not fit {self.base_model}: {str(error).splitlines()[0]}",
                file=adapter,
                remedy="use an adapter that was trained on this base model",
            ) from error
        merged: PreTrainedModel = policy.merge_and_unload(
            safe_merge=True
        )  # unmerged it runs at half the speed
        return merged.requires_grad_(False).eval()
