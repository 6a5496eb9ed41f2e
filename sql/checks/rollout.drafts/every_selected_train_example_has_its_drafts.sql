/*
severity: error
blocking: true
why: A reward needs the draft with both greedy summaries and the two with one of them; with an agent off, one and none.
*/
select
    examples.example_id,
    count(drafts.example_id) as n_drafts
from feature.examples
left join rollout.drafts
    on
        examples.example_id = drafts.example_id
        and drafts.iteration = getvariable('iteration')
        and (drafts.style_candidate, drafts.topic_candidate) in ((0, 0), (0, -1), (-1, 0), (-1, -1))
where examples.split = 'train' and examples.is_selected
group by examples.example_id
having
    count(drafts.example_id) != (
        select if(count(distinct agent) = 2, 3, 2)
        from rollout.summaries
        where iteration = getvariable('iteration')
    )
