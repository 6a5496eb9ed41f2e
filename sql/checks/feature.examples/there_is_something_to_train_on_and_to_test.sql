/*
severity: warn
blocking: false
why: Without selected train or test examples an iteration has nothing to learn from or nothing to show.
*/
select
    examples.dataset,
    count(*) filter (where examples.split = 'train' and examples.is_selected) as n_train,
    count(*) filter (where examples.split = 'test' and examples.is_selected) as n_test
from feature.examples
group by examples.dataset
having
    count(*) filter (where examples.split = 'train' and examples.is_selected) = 0
    or count(*) filter (where examples.split = 'test' and examples.is_selected) = 0
