"""A recipe fixes everything about a run in one YAML file: models, k, candidates, rewards, training, seed.

Unknown keys are refused, so that a recipe cannot ask for something nobody does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.arms.catalog import choose
from models.errors import InputError
from models.evaluation.metrics import rewardable
from models.files import write_whole

FOLDER = Path(__file__).parent
COMPARE: Final = "compare with models/recipes/mini.yaml"

Task = Literal["long", "short", "rating"]
PropagationName = Literal["graphsage", "average", "input", "topic_mean"]
TASKS: Final[tuple[Task, ...]] = get_args(Task)

# floors, ceilings, PAT, and what must break it; `pat evaluate` adds others
STANDARD_ARMS: Final = (
    "floors",
    "none",
    "pat_untrained",
    "pat",
    "pat_without_style",
    "pat_without_topic",
    "pat_random_donors",
    "pat_farthest_donors",
    "pat_swapped",
    "pat_untrained_swapped",
)

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """Base of every section: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Examples(Part):
    """How many examples of one task are selected, at most, per dataset and split."""

    train: Annotated[int, Field(ge=0)] = 0
    validation: Annotated[int, Field(ge=0)] = 0
    test: Annotated[int, Field(ge=0)] = 0


class Retrieval(Part):
    """How much context an agent is shown, in reviews, and which parts of the method choose it."""

    style_donors: Count
    reviews_per_donor: Count = 1
    topic_reviews: Count
    propagation: PropagationName = "graphsage"
    alignment: bool = True  # rank topic reviews by preference as well as by relevance
    backoff: bool = True  # fill thin topics up from the nearest ones
    exclude_same_topic: bool = True  # keeps topic evidence out of the style context


class Propagation(Part):
    """GraphSAGE: neighbor sampling and training by masking (Hamilton et al. 2017)."""

    topic_neighbors: Count = 16  # reviews sampled of the example's topic, first hop
    user_neighbors: Count = 4  # other reviews sampled of each of their authors, second hop
    hidden: Count = 64
    epochs: Annotated[int, Field(ge=0)] = 10
    batch_size: Count = 256
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    temperature: Annotated[float, Field(gt=0)] = 0.1


class Agents(Part):
    """Which agents work, and in how many rounds; from round 2 each sees the other's last summary."""

    style: bool = True
    topic: bool = True
    rounds: Annotated[int, Field(ge=1, le=4)] = 2

    @property
    def names(self) -> tuple[Literal["style", "topic"], ...]:
        """The agents that are switched on."""
        return (*(("style",) if self.style else ()), *(("topic",) if self.topic else ()))


class Generation(Part):
    """Sampling of summaries (K candidates and the greedy one) and greedy drafting; lengths in tokens."""

    candidates: Count
    temperature: Annotated[float, Field(gt=0)]
    top_p: Share = 1.0
    batch_size: Count
    max_summary_tokens: Count
    max_draft_tokens: Count


class Pairs(Part):
    """Which candidates become a preference pair: at least `margin` of reward apart."""

    margin: Annotated[float, Field(gt=0)]  # 0 would turn ties into pairs
    minimum: Count  # fewer pairs than this and the agent is not trained


class Penalties(Part):
    """What Q takes off a draft, against gaming the metrics: see `models.rewards`. 0 logs only."""

    length: Annotated[float, Field(ge=0)] = 0.0  # per target length written too much
    copying: Annotated[float, Field(ge=0)] = 0.0  # per share of words in the longest run shared with a donor


class Retraining(Part):
    """When an iteration is worth training on, and when iterations stop."""

    min_spread: Annotated[float, Field(ge=0)] = 0.0  # mean over examples of best minus worst reward
    stop_below: float = 0.0  # stop when no agent's promoted gain in Q exceeds this


class Refresh(Part):
    """What is learned from a whole corpus (style scales and projection, propagation) stays for a while.

    It is learned anew when more than `refit_share` of the rows it was learned from are new, changed or gone.
    """

    refit_share: Annotated[float, Field(ge=0, le=1)] = 0.1  # 0: any change


class Training(Part):
    """DPO on a LoRA adapter."""

    reference: Literal["previous", "base"] = "previous"  # previous: the policy that wrote the candidates

    lora_r: Count
    lora_alpha: Count
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    learning_rate: Annotated[float, Field(gt=0)]
    beta: Annotated[float, Field(gt=0)]
    epochs: Count
    batch_size: Count
    max_length: Count
    bf16: bool


class Promotion(Part):
    """A candidate is promoted when the lower bound of its gain in Q exceeds `min_gain`."""

    min_gain: float


class Judge(Part):
    """A language model that grades texts from 1 to 7; see `models.evaluation.judge`."""

    base_model: Annotated[str, Field(min_length=1)]
    max_examples: Count = 50  # of each dataset and task: a judge reads every arm's text of every example


class Evaluation(Part):
    """Arms of every iteration, paired bootstrap (resamples, two-sided confidence), smallest effect."""

    bootstrap_samples: Count
    confidence: Annotated[float, Field(gt=0, lt=1)]
    arms: tuple[str, ...] = STANDARD_ARMS  # names, patterns or groups of `models.arms`
    smallest_effect: Annotated[float, Field(ge=0)] = 0.01  # of a metric from 0 to 1: less helps nobody
    judge: Judge | None = None

    @field_validator("arms")
    @classmethod
    def _arms_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            choose(names)
        except InputError as error:
            raise ValueError(str(error)) from error
        return names


class Recipe(Part):
    """One run, entirely. `save` beside whatever it made; `variables` is what SQL may ask for."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    base_model: Annotated[str, Field(min_length=1)]
    semantic_encoder: Annotated[str, Field(min_length=1)]
    style_encoder: Annotated[str, Field(min_length=1)] = "stylometry"  # or a sentence-transformers model
    examples: Mapping[Task, Examples]
    retrieval: Retrieval
    propagation: Propagation = Propagation()
    agents: Agents = Agents()
    generation: Generation
    reward: Mapping[Task, Mapping[str, float]]
    penalties: Penalties = Penalties()
    pairs: Pairs
    retraining: Retraining = Retraining()
    refresh: Refresh = Refresh()
    training: Training
    promotion: Promotion
    evaluation: Evaluation

    @field_validator("reward")
    @classmethod
    def _weights(cls, reward: Mapping[Task, Mapping[str, float]]) -> Mapping[Task, Mapping[str, float]]:
        for task, weights in reward.items():
            if not weights or any(weight < 0 for weight in weights.values()) or sum(weights.values()) <= 0:
                raise ValueError(f"{task} needs metrics with weights of at least 0, not all of them 0")
            if strangers := sorted(set(weights) - set(rewardable(task))):
                raise ValueError(f"{task}: Q is made of {', '.join(rewardable(task))}, not {strangers}")
        return {task: dict(sorted(reward[task].items())) for task in TASKS if task in reward}

    @model_validator(mode="after")
    def _every_task_has_a_reward(self) -> Recipe:
        if missing := [task for task in self.examples if task not in self.reward]:
            raise ValueError(f"reward: tasks {', '.join(missing)} have examples but no metrics")
        if not self.agents.names:
            raise ValueError("agents: at least one of style and topic must be on")
        return self

    def variables(self) -> dict[str, object]:
        """DuckDB variables of the run: name -> value, read in SQL by `getvariable('name')`."""
        return {
            "recipe": self.name,
            "seed": self.seed,
            "example_limits": [
                {"task": task, "split": split, "max_examples": most}
                for task, sizes in self.examples.items()
                for split, most in sizes.model_dump().items()
            ],
            "style_donors": self.retrieval.style_donors,
            "topic_reviews": self.retrieval.topic_reviews,
            "exclude_same_topic": self.retrieval.exclude_same_topic,
            "candidates": self.generation.candidates,
            "pair_margin": self.pairs.margin,
            "min_pairs": self.pairs.minimum,
            "min_spread": self.retraining.min_spread,
            "stop_below": self.retraining.stop_below,
            "min_gain": self.promotion.min_gain,
            "confidence": self.evaluation.confidence,
        }

    def with_max_examples(self, most: int) -> Recipe:
        """The same recipe with every split capped at `most` examples per dataset."""
        if most < 1:
            raise InputError(
                f"--max-examples is {most}",
                remedy="give at least 1, or leave the option out for the recipe's",
            )
        kept = {
            task: Examples(**{split: min(size, most) for split, size in sizes.model_dump().items()})
            for task, sizes in self.examples.items()
        }
        return self.model_copy(update={"examples": kept})

    def with_test_examples(self, tasks: Sequence[Task], least: int) -> Recipe:
        """The same recipe with room for at least `least` test examples of each of the tasks."""
        grown = {
            task: size.model_copy(update={"test": max(size.test, least)})
            for task in tasks
            if (size := self.examples.get(task, Examples()))
        }
        return self.model_copy(update={"examples": {**self.examples, **grown}})

    def text(self) -> str:
        """As YAML, every value written out, keys in the order of this class: equal recipes, equal texts."""
        return _as_yaml(self.model_dump_json())

    def save(self, path: Path) -> None:
        """Write `text`: equal recipes give equal bytes."""
        write_whole(path, self.text())


@lru_cache(maxsize=8)  # the ledger asks with every table
def _as_yaml(content: str) -> str:
    return yaml.safe_dump(json.loads(content), sort_keys=False, allow_unicode=True)


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Load a bundled recipe by name or any recipe by path; raises InputError that names the key at fault."""
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = FOLDER / f"{name_or_path}.yaml"
    if not path.is_file():
        known = ", ".join(recipe_names())
        raise InputError(f"no recipe {str(name_or_path)!r}", remedy=f"one of {known}, or the path of a .yaml")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _not_yaml(path, error) from error
    return _validated(text, path)


@lru_cache(maxsize=8)  # a run asks for its recipe with every table
def _validated(text: str, path: Path) -> Recipe:
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error
    if not isinstance(content, dict):
        raise InputError("a recipe is a mapping", file=path, remedy=COMPARE)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise InputError(faults, file=path, remedy=COMPARE) from error


def _not_yaml(path: Path, error: Exception) -> InputError:
    return InputError(f"not YAML: {error}", file=path, remedy=COMPARE)
