"""What a language-model backend takes and gives; the backends themselves are loaded on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, Protocol

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn: `n` per prompt, at most `max_new_tokens` each; temperature 0 is greedy."""

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    n: int = 1

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.n < 1:
            raise ValueError(f"max_new_tokens and n must be at least 1, got {self}")
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError(f"temperature must be >= 0 and top_p in (0, 1], got {self}")
        if self.temperature == 0 and self.n > 1:
            raise ValueError("greedy decoding has one outcome: n must be 1 at temperature 0")


@dataclass(frozen=True)
class Completion:
    """One reply: its text, token counts, and whether it ended by itself ("stop") or was cut ("length")."""

    text: str
    prompt_tokens: int
    completion_tokens: int  # the end token is not counted
    finish_reason: FinishReason
    # its share of the time of the batch, 0 where nobody measured; equal completions took unequal times
    seconds: float = field(default=0.0, compare=False)


class Backend(Protocol):
    """A base model that can also write as a policy (base + adapter)."""

    def render(self, prompt: str) -> str:
        """The full text the model reads for a user message: neutralized, fitted, in the chat template."""
        ...

    def fingerprint(self, adapter: str | None = None) -> str:
        """Hash of the policy that writes: it changes whenever the weights change."""
        ...

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, *, adapter: str | None = None, seed: int = 0
    ) -> list[list[Completion]]:
        """One fixed batch: `sampling.n` completions per prompt, in order; equal inputs, equal outputs."""
        ...


@lru_cache(maxsize=1)  # one base model in memory at a time
def load_backend(base_model: str) -> Backend:
    """The backend of a base model, loaded once per process; raises InputError when there is no such model."""
    from models.llm.transformers_backend import TransformersBackend  # imports torch: seconds

    return TransformersBackend(base_model)
