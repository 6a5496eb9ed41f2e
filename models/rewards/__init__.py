"""What a good text is: Q, the weighted mean of metrics that the recipe names."""

from models.evaluation.rouge import rouge_scores
from models.rewards.quality import quality

__all__ = ["quality", "rouge_scores"]
