/*
severity: warn
blocking: false
why: A file whose rows are all rejected is most likely read in the wrong format, or with the wrong columns.
*/
select
    dataset,
    source_file,
    format,
    rows_read,
    rows_rejected
from raw.source_files
where rows_read > 0 and rows_accepted = 0
