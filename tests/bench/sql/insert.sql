INSERT INTO $sink (tag, ts, `value`, quality, src_topic, src_partition, src_offset, src_index, ingested_at)
SELECT
    tag,
    TO_TIMESTAMP_LTZ(ts, 3),
    `value`,
    CASE WHEN q >= 192 THEN 0 WHEN q >= 64 THEN 1073741824 ELSE 2147483648 END,
    src_topic,
    src_partition,
    src_offset,
    0,
    CURRENT_TIMESTAMP
FROM readings
