/*
severity: error
blocking: true
why: On tied rewards another pipeline once trained on pairs whose two sides were one text.
*/
select
    agent,
    example_id,
    chosen_reward,
    rejected_reward,
    chosen,
    rejected
from preference.pairs
where
    iteration = getvariable('iteration')
    and (
        chosen_reward <= rejected_reward
        or chosen = rejected
        or round(margin, 9) < getvariable('pair_margin')
    )
