/*
severity: error
blocking: true
why: A user on both sides of the split would be trained on and tested.
*/
select
    user_id,
    count(distinct split) as n_splits
from staging.reviews
group by user_id
having count(distinct split) != 1 or bool_or(split not in ('train', 'validation', 'test'))
