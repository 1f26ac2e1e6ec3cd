select
    dead_at as stored_at,
    job,
    src_topic || '/' || src_partition || '/' || src_offset as place,
    src_index as index,
    code,
    message,
    payload
from historian.dead_letters
where (job = $job or $job is null) and (code = $code or $code is null)
order by dead_at desc, src_topic, src_partition, src_offset desc, src_index
limit $limit
