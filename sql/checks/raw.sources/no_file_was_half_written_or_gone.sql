/*
severity: warn
blocking: false
why: What is left out tonight is read in the next night that finds it whole; a file that never gets there is forgotten.
*/
select
    dataset,
    source_file,
    status,
    problem
from raw.sources
where status in ('waiting', 'kept')
