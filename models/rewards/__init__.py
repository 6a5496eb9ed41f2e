"""What a good text is: Q, the weighted mean of metrics that the recipe names, guarded against gaming."""

from models.evaluation.rouge import rouge_scores
from models.rewards.copying import copied_runs
from models.rewards.judging import Judgement, judge
from models.rewards.quality import quality

__all__ = ["Judgement", "copied_runs", "judge", "quality", "rouge_scores"]
