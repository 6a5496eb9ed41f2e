/*
severity: error
blocking: false
why: A broken file stops nothing at night, so somebody has to be told; reviews read from it before stay in use.
*/
select
    dataset,
    source_file,
    status,
    problem
from raw.sources
where status = 'refused'
