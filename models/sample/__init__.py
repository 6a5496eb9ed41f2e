"""The bundled sample: a deterministic world with planted style communities and preferences."""

from models.sample.world import SMALL, World, WorldSize, build_world
from models.sample.writing import Community, Fact, Review, Topic, User

# Seeds of the worlds that the pipeline runs; pat-mini is trained on seeds from 1,000,000 up, never on these.
PIPELINE_SEED = 7
TRAINING_SEEDS_FROM = 1_000_000

__all__ = [
    "PIPELINE_SEED",
    "SMALL",
    "TRAINING_SEEDS_FROM",
    "Community",
    "Fact",
    "Review",
    "Topic",
    "User",
    "World",
    "WorldSize",
    "build_world",
]
