/*
severity: error
blocking: true
why: Differences between predictors are paired by example.
*/
select
    dataset,
    history_bucket,
    min(n) as fewest,
    max(n) as most,
    count(*) as predictors
from evaluation.propagation_quality
group by dataset, history_bucket
having min(n) != max(n) or count(*) != 6 or count(*) != count(distinct predictor)
