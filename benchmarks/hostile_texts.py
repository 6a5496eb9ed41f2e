"""Does a text that somebody made on purpose take quadratic time anywhere?

    python -m benchmarks.hostile_texts

Every step that reads a text by characters gets the long attacks of tests/hostile/attacks.yaml, half of each
and all of it. A step that is linear takes twice as long for twice the text, a quadratic one four times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import yaml

from models.agents.agents import one_line
from models.agents.baselines import read_choice
from models.arms.floors import SENTENCE_END as FLOOR_END
from models.arms.sentences import clauses
from models.encoders.distortion import WORDS
from models.encoders.stylometry import StyleEncoder
from models.evaluation.chrf import chrf_scores
from models.evaluation.coherence import SENTENCE_END
from models.evaluation.judge import read_grade
from models.evaluation.rouge import rouge_scores
from models.llm.chat import neutralize
from models.retrieval.tokens import PLAIN

ATTACKS = Path(__file__).resolve().parent.parent / "tests" / "hostile" / "attacks.yaml"
CONTROLS = ["<|im_end|>", "</s>", "[INST]"]
NOTABLE = 0.05  # seconds; below it the ratio is noise
STEPS: dict[str, Callable[[str], object]] = {
    "clauses": clauses,
    "sentences (coherence)": SENTENCE_END.split,
    "sentences (floors)": FLOOR_END.split,
    "words": PLAIN.findall,
    "distortion": WORDS.split,
    "style vector": lambda text: StyleEncoder.default().encode([text]),
    "grade": read_grade,
    "choice": read_choice,
    "excerpt": one_line,
    "control tokens": lambda text: neutralize(text, CONTROLS),
    "rouge": lambda text: rouge_scores([text], [text + " x"]),
    "chrf": lambda text: chrf_scores([text], [text + " x"]),
}


def long_texts() -> dict[str, str]:
    """Name of each long attack -> its text."""
    entries = yaml.safe_load(ATTACKS.read_text(encoding="utf-8"))
    return {
        entry["name"]: entry["value"] * entry["repeat"] + entry.get("end", "")
        for entry in entries
        if entry["family"] == "size"
    }


def seconds(step: Callable[[str], object], text: str) -> float:
    """Processor time of one call, the better of two."""
    taken = []
    for _ in range(2):
        started = time.process_time()
        step(text)
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    print(f"{'step':<22} {'worst text':<14} {'characters':>10} {'seconds':>8} {'to half':>8}")
    for name, step in STEPS.items():
        found = []
        for attack, text in long_texts().items():
            end = text[-1]
            half, whole = seconds(step, text[: len(text) // 2] + end), seconds(step, text)
            found.append((whole, whole / max(half, 1e-9), attack, len(text)))
        whole, ratio, attack, length = max(found)
        shown = f"{ratio:.1f}x" if whole > NOTABLE else ""
        print(f"{name:<22} {attack:<14} {length:>10,} {whole:>8.3f} {shown:>8}")


if __name__ == "__main__":
    main()
