"""TRL's DPO trainer on pairs that are tokenized already, with its reference kept token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOTrainer

TOKENS: Final = "ref_token_logps"
SIDES: Final = ("chosen", "rejected")
LARGEST: Final = 20.0  # of a log-ratio before exp: one absurd token must not make the mean infinite

Rows = Sequence[dict[str, Any]]


class PairTrainer(DPOTrainer):
    """Takes rows as `models.training.dpo.tokenize` makes them, exactly as generation tokenizes.

    Logs, beside what TRL logs, `lengths/*` in tokens and how far the policy is from its reference (`kl`).
    """

    def __init__(self, *, reference: Literal["previous", "base"], **options: Any) -> None:
        self.reference = reference  # asked for while TRL's own constructor runs
        self._token_logps: torch.Tensor | None = None
        super().__init__(**options)

    def _prepare_dataset(self, dataset: Dataset, *_: object) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        """Reference log-probabilities once per pair, in memory instead of in a cache of `datasets`."""
        if self.reference == "base" and "ref" in self.model.peft_config:
            self.model.delete_adapter("ref")  # without it TRL asks the base model
        self.model.register_forward_hook(self._remember)
        sums: dict[str, list[float]] = {side: [] for side in SIDES}
        tokens: dict[str, list[list[float]]] = {side: [] for side in SIDES}
        for start in range(0, len(dataset), batch_size):
            rows = [dataset[index] for index in range(start, min(start + batch_size, len(dataset)))]
            batch = {key: value.to(self.args.device) for key, value in self.data_collator(rows).items()}
            both = self.compute_ref_log_probs(self.model, batch)
            mask = batch["completion_mask"][:, 1:].bool()
            spoken = [logps[real].tolist() for logps, real in zip(self._taken(mask), mask, strict=True)]
            for place, side in enumerate(SIDES):
                sums[side].extend(both[place].float().tolist())
                tokens[side].extend(spoken[place * len(rows) : (place + 1) * len(rows)])
        for side in SIDES:
            dataset = dataset.add_column(f"ref_{side}_logps", sums[side])
            dataset = dataset.add_column(f"ref_{side}_tokens", tokens[side])
        return dataset

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], *args: Any, **kwargs: Any) -> Any:
        reference = inputs.pop(TOKENS)
        mask = inputs["completion_mask"][:, 1:]
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        metrics = self._metrics["train"]
        for side, lengths in zip(SIDES, mask.sum(dim=1).float().chunk(2), strict=True):
            metrics[f"lengths/{side}"].append(lengths.mean().item())
        divergence = token_divergence(self._taken(mask), reference, mask)
        metrics["kl"].append(divergence.sum(dim=1).mean().item())
        metrics["kl/token"].append((divergence.sum() / mask.sum()).item())
        return loss

    def _remember(self, _module: Any, _inputs: Any, output: Any) -> None:
        self._token_logps = output.log_probs.detach()

    def _taken(self, mask: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of the last forward pass, one per position of `mask`."""
        if self._token_logps is None:
            raise RuntimeError("no forward pass to take log-probabilities from")
        taken, self._token_logps = self._token_logps[:, -mask.shape[1] :].float(), None
        return taken


def token_divergence(policy: torch.Tensor, reference: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Estimate of KL(reference || policy) at every token of the completions, in nats: three (B, T) -> (B, T).

    r - 1 - log r with r = policy / reference (Schulman 2020, "k3"): never below 0, and on replies that the
    reference wrote (`reference: previous`) unbiased. The plain mean of -log r is not used: on the very pairs
    that are trained on it fell to -3 nats, which no KL can. Two biases stay: the replies are the best and the
    worst of K samples, and they are trained on. With `reference: base` later policies wrote the replies, and
    the number is a distance but no KL. Positions where `mask` is 0 are 0.
    """
    log_ratio = (policy - reference).clamp(max=LARGEST)
    return (log_ratio.exp() - 1 - log_ratio) * mask


@dataclass(frozen=True)
class ReferenceCollator:
    """Adds the reference's log-probability of every token, (2B, T - 1), to what another collator makes."""

    collate: Callable[[Rows], dict[str, torch.Tensor]]

    def __call__(self, rows: Rows) -> dict[str, torch.Tensor]:
        batch = self.collate(rows)
        if f"ref_{SIDES[0]}_tokens" in rows[0]:
            mask = batch["completion_mask"][:, 1:].bool()
            known = [row[f"ref_{side}_tokens"] for side in SIDES for row in rows]
            batch[TOKENS] = torch.zeros(mask.shape)
            batch[TOKENS][mask] = torch.tensor([value for tokens in known for value in tokens])
        return batch


class StepBar(TrainerCallback):
    """Moves a progress bar once per optimizer step."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.bar.update(1)
