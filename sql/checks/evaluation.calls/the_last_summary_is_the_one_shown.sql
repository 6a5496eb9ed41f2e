/*
severity: error
blocking: true
why: What an agent wrote last is what the generator was shown; else the policy that is named did not write it.
*/
with
last_calls as (
    select *
    from evaluation.calls
    where
        iteration = getvariable('iteration')
        and role in ('style', 'topic')
        and step like 'round%'
    qualify place = max(place) over (partition by arm, example_id, role)
),

predictions as (
    select * from evaluation.predictions
    where iteration = getvariable('iteration')
)

select
    last_calls.arm,
    last_calls.example_id,
    last_calls.role,
    last_calls.text
from last_calls
inner join predictions using (arm, example_id)
where
    last_calls.text is distinct from
    if(last_calls.role = 'style', predictions.style_summary, predictions.topic_summary)
