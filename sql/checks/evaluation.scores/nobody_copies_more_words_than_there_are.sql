/*
severity: error
blocking: false
why: A copied run is part of the text. One that is longer was measured against another text.
*/
with
scores as (
    select * from evaluation.scores
    where iteration = getvariable('iteration')
)

select
    arm,
    example_id,
    copied.value as copied_run,
    written.value as n_words
from scores as copied
inner join scores as written using (arm, example_id)
where
    copied.metric = 'copied_run'
    and written.metric = 'n_words'
    and copied.value > written.value
