"""The model card that ships beside pat-mini's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

CARD: Final = """# pat-mini

A {parameters:,}-parameter Llama-shaped language model for the three roles of PAT (style agent, topic agent,
generator) and its three tasks, trained from scratch on the bundled sample's training worlds. It has never
seen real reviews and writes nothing useful about them: it exists so that the whole loop runs, learns and can
be measured on a CPU.

| fact | value |
|---|---|
| made by | `pat build-mini` ({examples:,} examples, {minutes} minutes on one core) |
| shape | {layers} layers, {width} wide, {heads} heads of 64, MLP {mlp}, tied embeddings |
| tokenizer | byte-level BPE of {vocabulary:,}, digits alone, `<|user|>` / `<|assistant|>` / `<|end|>` |
| data | a new generated world every 8 examples, seeds from 1,000,000; the pipeline runs other seeds |
| objective | next token on replies, plus {prompt_loss} of the prompt's |
| held-out loss | style {style}, topic {topic}, generator {generator} nats per reply token |
| weights | `model.safetensors`, sha256 `{sha256}` |

The agents start terse by design: most of the summaries they imitate leave out part of the evidence, so that
preference training on differential rewards has something to find. Complete topic summaries follow the
reviewer who is marked as aligned, in prompts whose rows are in order and in prompts whose rows are not.
"nothing" in place of a summary is part of the training data, so that the baseline of the reward is fair.
"""


def write_card(out_dir: Path, summary: dict[str, Any]) -> None:
    """Write `README.md` next to the weights described by `summary` (see `build_mini`)."""
    settings, last = summary["settings"], summary["curve"][-1]
    text = CARD.format(
        **{
            name: settings[name]
            for name in ("layers", "width", "heads", "mlp", "vocabulary", "examples", "prompt_loss")
        },
        parameters=summary["parameters"],
        minutes=summary["minutes"],
        style=last["validation_style"],
        topic=last["validation_topic"],
        generator=last["validation_generator"],
        sha256=summary["sha256"]["model.safetensors"],
    )
    (out_dir / "README.md").write_text(text, encoding="utf-8")
