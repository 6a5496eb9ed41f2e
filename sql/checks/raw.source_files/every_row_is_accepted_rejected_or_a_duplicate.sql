/*
severity: error
blocking: true
why: Rows are never lost, per file; the counts are compared with the tables themselves.
*/
with
accepted as (
    select dataset, source_file, count(*) as n_accepted
    from raw.reviews
    group by dataset, source_file
),

rejected as (
    select dataset, source_file, count(*) as n_rejected
    from raw.rejected_rows
    group by dataset, source_file
)

select
    dataset,
    source_file,
    source_files.rows_read,
    source_files.rows_accepted,
    source_files.rows_rejected,
    source_files.rows_duplicate,
    accepted.n_accepted,
    rejected.n_rejected
from raw.source_files
full join accepted using (dataset, source_file)
full join rejected using (dataset, source_file)
where
    source_files.rows_read is null
    or source_files.rows_read
    != source_files.rows_accepted + source_files.rows_rejected + source_files.rows_duplicate
    or source_files.rows_accepted != coalesce(accepted.n_accepted, 0)
    or source_files.rows_rejected != coalesce(rejected.n_rejected, 0)
