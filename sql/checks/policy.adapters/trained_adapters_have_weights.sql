/*
severity: error
blocking: true
why: A policy is only as good as the file it points to.
*/
select
    policy_id,
    status,
    path,
    sha256,
    reason
from policy.adapters
where
    iteration = getvariable('iteration')
    and (
        (status = 'trained' and (path is null or sha256 is null or n_pairs = 0))
        or (status in ('skipped', 'retrain') and coalesce(reason, '') = '')
        or (status = 'retrain' and path is not null)
        or status not in ('trained', 'skipped', 'retrain')
    )
