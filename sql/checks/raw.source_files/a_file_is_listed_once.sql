/*
severity: error
blocking: true
why: Two rows for one file would count its reviews twice.
*/
select
    dataset,
    source_file,
    count(*) as n_rows
from raw.source_files
group by dataset, source_file
having count(*) > 1
