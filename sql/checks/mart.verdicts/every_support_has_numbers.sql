/*
severity: error
blocking: true
why: >
  No claim is supported unless all of its tests are, with an interval above 0 and a p-value that survives the
  correction; a refuted one has an interval below the smallest effect.
*/
with
tests as (
    select
        dataset,
        task,
        claim,
        count(*) as n_tests,
        bool_and(ci_low > 0) and max(p_holm) <= 1 - getvariable('confidence') + 1e-9 as all_hold,
        bool_or(ci_high < smallest_effect) as one_fails
    from mart.verdict_tests
    where iteration = getvariable('iteration')
    group by dataset, task, claim
)

select
    verdicts.dataset,
    verdicts.task,
    verdicts.claim,
    verdicts.verdict,
    tests.all_hold,
    tests.one_fails
from mart.verdicts
left join tests using (dataset, task, claim)
where
    verdicts.iteration = getvariable('iteration')
    and (
        tests.n_tests is distinct from verdicts.n_tests
        or verdicts.verdict not in ('supported', 'refuted', 'undecided')
        or (verdicts.verdict = 'supported' and tests.all_hold is not true)
        or (verdicts.verdict = 'refuted' and tests.one_fails is not true)
    )
