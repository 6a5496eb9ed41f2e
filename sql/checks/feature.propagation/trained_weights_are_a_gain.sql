/*
severity: error
blocking: true
why: Learned weights that are no better on held-out train users than the average have no business in retrieval.
*/
select
    dataset,
    origin,
    reason,
    gain_ci_low
from feature.propagation
where
    (origin = 'trained' and coalesce(gain_ci_low, 0) <= 0)
    or (origin != 'trained' and reason is null)
