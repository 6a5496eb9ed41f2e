/*
severity: error
blocking: true
why: Q is a share; a missing score would drop a candidate in silence.
*/
select
    drafts.example_id,
    drafts.style_candidate,
    drafts.topic_candidate,
    count(draft_scores.quality) as n_scores,
    min(draft_scores.quality) as quality
from rollout.drafts
left join rollout.draft_scores using (iteration, example_id, style_candidate, topic_candidate)
where drafts.iteration = getvariable('iteration')
group by drafts.example_id, drafts.style_candidate, drafts.topic_candidate
having count(draft_scores.quality) != 1 or bool_or(draft_scores.quality not between 0 and 1)
