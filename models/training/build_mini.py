"""Train pat-mini from scratch: a small Llama-shaped model for the three roles, on sample worlds.

The pipeline never runs the worlds used here: training seeds start at `TRAINING_SEEDS_FROM`. The recipe
(sizes, learning rate, loss weights) is ours, found by trying; LOG.md holds the curve.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from models.progress import track
from models.sample import TRAINING_SEEDS_FROM
from models.training.mini_card import write_card
from models.training.mini_data import MiniExamples, SupervisedExample
from models.training.mini_init import plant_induction

USER, ASSISTANT, END, PAD = "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
TOKENIZER_EXAMPLES: Final = 6_000
VALIDATION_SEED: Final = 900_000  # worlds for the curve: neither trained on nor run by the pipeline


@dataclass(frozen=True)
class MiniSettings:
    """Everything that fixes pat-mini; equal settings give an equal model on the same machine and versions."""

    seed: int = 20261120
    vocabulary: int = 2048  # a sixth fewer tokens than 1,024 for .2M more parameters
    width: int = 192
    layers: int = 4
    heads: int = 3  # of 64 dimensions each
    mlp: int = 576
    examples: int = 80_000
    pool: int = 512  # examples sorted by length together, so that batches waste little padding
    tokens_per_batch: int = 5_000  # some 30 examples; half of that learned less from as many examples
    learning_rate: float = 6e-3  # of the matrices, by Muon: AdamW at 2e-3 was slower by half
    embedding_learning_rate: float = 3e-3  # of the embedding and the norms, by AdamW
    warmup_share: float = 0.03
    weight_decay: float = 0.05
    prompt_loss: float = 0.1  # reading the prompt teaches copying; more of it drowns the reply
    pad_multiple: int = 16


def build_mini(out_dir: Path, settings: MiniSettings | None = None) -> dict[str, Any]:
    """Train, save (safetensors, tokenizer, model card, manifest) under `out_dir`, return the summary.

    Takes half an hour on one core. One thread is used: two were no faster at this size (40,000
    examples in 16 minutes against 50,000), and sums over threads would make the weights depend on them.
    """
    settings = settings or MiniSettings()
    started = time.perf_counter()
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    tokenizer = train_tokenizer(settings)
    model = LlamaForCausalLM(_config(settings, tokenizer))
    plant_induction(model, torch.Generator().manual_seed(settings.seed))
    validation = [_encode(tokenizer, example) for example in islice(MiniExamples(VALIDATION_SEED, 50), 400)]
    curve = _train(model, tokenizer, settings, validation)
    out_dir.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out_dir, safe_serialization=True)
    tokenizer.save_pretrained(out_dir)
    digest = hashlib.sha256((out_dir / "model.safetensors").read_bytes()).hexdigest()
    summary = {
        "settings": asdict(settings),
        "parameters": model.num_parameters(),
        "sha256": {"model.safetensors": digest},
        "minutes": round((time.perf_counter() - started) / 60, 1),
        "curve": curve,
    }
    (out_dir / "manifest.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    write_card(out_dir, summary)
    return summary


def train_tokenizer(settings: MiniSettings) -> PreTrainedTokenizerFast:
    """Byte-level BPE on training worlds; digits stand alone, so that numbers can be copied."""
    texts = (
        f"{example.prompt}\n{example.reply}"
        for example in islice(MiniExamples(TRAINING_SEEDS_FROM, examples_per_world=20), TOKENIZER_EXAMPLES)
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary,
        special_tokens=[PAD, END, USER, ASSISTANT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT],
        padding_side="left",
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def _config(settings: MiniSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.width,
        intermediate_size=settings.mlp,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        head_dim=64,
        attn_implementation="eager",  # plain products beat the CPU's flash kernel at these lengths, 1.9x
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


@dataclass(frozen=True)
class _Encoded:
    role: str
    ids: list[int]
    prompt_length: int


def _encode(tokenizer: PreTrainedTokenizerFast, example: SupervisedExample) -> _Encoded:
    prompt = tokenizer(f"{USER}{example.prompt}{ASSISTANT}")["input_ids"]
    reply = tokenizer(f"{example.reply}{END}")["input_ids"]
    return _Encoded(example.role, prompt + reply, len(prompt))


def _batches(
    pool: list[_Encoded], settings: MiniSettings, generator: torch.Generator
) -> list[list[_Encoded]]:
    batches: list[list[_Encoded]] = [[]]
    for item in sorted(pool, key=lambda item: len(item.ids)):
        if len(item.ids) * (len(batches[-1]) + 1) > settings.tokens_per_batch:
            batches.append([])
        batches[-1].append(item)
    order = torch.randperm(len(batches), generator=generator).tolist()
    return [batches[position] for position in order]


def _pool(
    examples: Iterator[SupervisedExample], tokenizer: PreTrainedTokenizerFast, size: int
) -> list[_Encoded]:
    return [_encode(tokenizer, example) for example in islice(examples, size)]


def _loss(
    model: LlamaForCausalLM, batch: list[_Encoded], settings: MiniSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted mean loss of a right-padded batch and the plain mean over reply tokens."""
    longest = max(len(item.ids) for item in batch)
    width = -(-longest // settings.pad_multiple) * settings.pad_multiple
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    weights = torch.zeros(len(batch), width)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        weights[row, 1 : item.prompt_length] = settings.prompt_loss
        weights[row, item.prompt_length : len(item.ids)] = 1.0
    # Right padding under a causal mask: no real token sees a padded one, so no attention mask is needed.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        kept = weights[:, 1:] > 0
        logits = model.lm_head(hidden[:, :-1][kept])
    losses = functional.cross_entropy(logits.float(), ids[:, 1:][kept], reduction="none")
    kept_weights = weights[:, 1:][kept]
    replies = kept_weights == 1.0
    return (losses * kept_weights).sum() / kept_weights.sum(), losses[replies].mean()


def _train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    settings: MiniSettings,
    validation: list[_Encoded],
) -> list[dict[str, float]]:
    generator = torch.Generator().manual_seed(settings.seed)
    optimizers = _optimizers(model, settings)
    examples = iter(MiniExamples(TRAINING_SEEDS_FROM))
    pools = math.ceil(settings.examples / settings.pool)
    curve: list[dict[str, float]] = []
    started = time.perf_counter()
    for pool_number in track(range(pools), "training pat-mini", total=pools, unit="pools"):
        model.train()
        batches = _batches(_pool(examples, tokenizer, settings.pool), settings, generator)
        total = 0.0
        for position, batch in enumerate(batches):
            share = (pool_number + position / len(batches)) / pools
            loss, reply_loss = _loss(model, batch, settings)
            model.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * _schedule(share, settings.warmup_share)
                optimizer.step()
            total += float(reply_loss.detach())
        if pool_number % 8 == 7 or pool_number == pools - 1:
            curve.append(
                {
                    "examples": (pool_number + 1) * settings.pool,
                    "minutes": round((time.perf_counter() - started) / 60, 2),
                    "training_loss": round(total / len(batches), 4),
                    **_validate(model, validation, settings),
                }
            )
            print(json.dumps(curve[-1]), flush=True)
    return curve


def _optimizers(model: LlamaForCausalLM, settings: MiniSettings) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the embedding and the norms (Jordan et al. 2024)."""
    inner = [parameter for parameter in model.model.layers.parameters() if parameter.ndim == 2]
    chosen = {id(parameter) for parameter in inner}
    outer = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    decay = settings.weight_decay
    rate, embedding_rate = settings.learning_rate, settings.embedding_learning_rate
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(inner, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(outer, lr=embedding_rate, weight_decay=decay, betas=(0.9, 0.98)),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def _schedule(share: float, warmup: float) -> float:
    """Linear warm-up, then a cosine to a twentieth of the peak."""
    if share < warmup:
        return max(share / warmup, 0.01)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (share - warmup) / (1 - warmup)))


@torch.no_grad()
def _validate(
    model: LlamaForCausalLM, validation: list[_Encoded], settings: MiniSettings
) -> dict[str, float]:
    model.eval()
    losses: dict[str, float] = {}
    for role in ("style", "topic", "generator"):
        items = [item for item in validation if item.role == role]
        parts = [float(_loss(model, items[n : n + 32], settings)[1]) for n in range(0, len(items), 32)]
        losses[f"validation_{role}"] = round(sum(parts) / len(parts), 4)
    return losses
