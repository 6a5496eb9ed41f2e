/*
severity: error
blocking: true
why: Requests are never lost, per version of a file; the counts are compared with the tables themselves.
*/
with
accepted as (
    select dataset, source_file, ingest_order, count(*) as n_accepted
    from raw.requests
    group by dataset, source_file, ingest_order
),

-- of a file that was read again the newest version
rejected as (
    select dataset, source_file, count(*) as n_rejected
    from raw.rejected_requests
    group by dataset, source_file
),

newest as (
    select dataset, source_file, max(ingest_order) as ingest_order, true as is_newest
    from raw.request_files
    group by dataset, source_file
)

select
    dataset,
    source_file,
    ingest_order,
    request_files.rows_read,
    request_files.rows_accepted,
    request_files.rows_rejected,
    request_files.rows_duplicate,
    accepted.n_accepted,
    rejected.n_rejected
from raw.request_files
left join newest using (dataset, source_file, ingest_order)
full join accepted using (dataset, source_file, ingest_order)
full join rejected using (dataset, source_file)
where
    request_files.rows_read is null
    or request_files.rows_read
    != request_files.rows_accepted + request_files.rows_rejected + request_files.rows_duplicate
    or request_files.rows_accepted != coalesce(accepted.n_accepted, 0)
    or (newest.is_newest and request_files.rows_rejected != coalesce(rejected.n_rejected, 0))
