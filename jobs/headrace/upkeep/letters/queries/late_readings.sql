select
    late_at as stored_at,
    job,
    src_topic || '/' || src_partition || '/' || src_offset as place,
    src_index as index,
    key,
    ts,
    watermark,
    payload
from historian.late_readings
where job = $job or $job is null
order by late_at desc, src_topic, src_partition, src_offset desc, src_index
limit $limit
