CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `plant_readings__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `tag` AS `ingest_plant_readings_tag`(payload),
    `value` AS `ingest_plant_readings_value`(payload),
    `text` AS `ingest_plant_readings_text`(payload),
    `ts` AS `ingest_plant_readings_ts`(payload),
    `quality` AS `ingest_plant_readings_quality`(payload),
    `err_stage` AS `ingest_plant_readings_err_stage`(payload),
    `err_code` AS `ingest_plant_readings_err_code`(payload),
    `err_msg` AS `ingest_plant_readings_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_plant_readings_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_plant_readings_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '10' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.historian.rollup_1h_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `plant_readings` AS
SELECT
    `decoded`.`tag`,
    `decoded`.`value`,
    `decoded`.`text`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `plant_readings__on_time` AS
SELECT *
FROM `plant_readings`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

CREATE TEMPORARY VIEW `historian_rollup_1h__selected` AS
-- Text alone does not count as a reading.
with received as (
    select * from `plant_readings__on_time`
    where `value` is not null or text is null
),

numbers as (
    select
        tag,
        ts,
        extract(minute from ts) * 60 + extract(second from ts) + extract(millisecond from ts) / 1e3 as second_of_hour,
        case when (`quality` < 1073741824) then `value` end as good_value,
        event_time
    from (
    SELECT *
    FROM (
        SELECT
            *,
            LAST_VALUE(src_partition) OVER same_time AS last_partition,
            LAST_VALUE(src_offset) OVER same_time AS last_offset,
            LAST_VALUE(src_index) OVER same_time AS last_index
        FROM `received`
        WINDOW same_time AS (
            PARTITION BY `tag` ORDER BY `event_time` RANGE BETWEEN INTERVAL '0' SECOND PRECEDING AND CURRENT ROW
        )
    )
    WHERE src_partition = last_partition AND src_offset = last_offset AND src_index = last_index
)
),

-- Readings arrive here in order of time, and so they are in the arrays.
windows as (
    select
        tag,
        window_start,
        window_end,
        count(*) as readings,
        count(good_value) as good_readings,
        min(good_value) as min_value,
        max(good_value) as max_value,
        avg(good_value) as mean,
        array_agg(good_value) filter (where good_value is not null) as good_values,
        array_agg(ts) filter (where good_value is not null) as good_times,
        array_agg(second_of_hour) filter (where good_value is not null) as good_seconds
    from TABLE(TUMBLE(TABLE `numbers`, DESCRIPTOR(`event_time`), INTERVAL '1' HOUR))
    group by tag, window_start, window_end
),

lines as (
    select * from (
    SELECT
        good_lines__input.*,
        good_values[1] AS value_first,
        good_times[1] AS ts_first,
        good_values[CARDINALITY(good_values)] AS value_last,
        good_times[CARDINALITY(good_times)] AS ts_last,
        good_values[n] AS `value`,
        good_times[n] AS ts,
        (good_values[n - 1] + good_values[n]) / 2 AS mean_on_line,
        good_seconds[n] - good_seconds[n - 1] AS seconds_on_line
    FROM `windows` AS good_lines__input
    LEFT JOIN UNNEST(good_values) WITH ORDINALITY AS good_lines__good (good_value, n) ON TRUE
)
)

select
    tag,
    cast(window_start as timestamp_ltz(6)) as ts,
    readings,
    good_readings,
    min_value,
    min(ts) filter (where `value` = min_value) as min_ts,
    max_value,
    min(ts) filter (where `value` = max_value) as max_ts,
    value_first as `first_value`,
    ts_first as first_ts,
    value_last as `last_value`,
    ts_last as last_ts,
    mean,
    sum(mean_on_line * seconds_on_line) / sum(seconds_on_line) as time_weighted_mean,
    -- Relative to the first value: Flink computes it from sums of squares, which lose a small spread of large values.
    stddev_samp(`value` - value_first) as standard_deviation,
    (CASE
    WHEN `good_readings` = `readings` THEN 0
    WHEN `good_readings` > 0 THEN 1084489728
    ELSE 2157641728
END) as quality
from lines
group by
    tag,
    window_start,
    window_end,
    readings,
    good_readings,
    min_value,
    max_value,
    mean,
    value_first,
    ts_first,
    value_last,
    ts_last;

INSERT INTO `headrace`.`historian`.`rollup_1h` (
    `tag`,
    `ts`,
    `readings`,
    `good_readings`,
    `min_value`,
    `min_ts`,
    `max_value`,
    `max_ts`,
    `first_value`,
    `first_ts`,
    `last_value`,
    `last_ts`,
    `mean`,
    `time_weighted_mean`,
    `standard_deviation`,
    `quality`
)
SELECT
    `tag`,
    `ts`,
    `readings`,
    `good_readings`,
    `min_value`,
    `min_ts`,
    `max_value`,
    `max_ts`,
    `first_value`,
    `first_ts`,
    `last_value`,
    `last_ts`,
    `mean`,
    `time_weighted_mean`,
    `standard_deviation`,
    `quality`
FROM `historian_rollup_1h__selected`;

INSERT INTO `headrace`.`historian`.`dead_letters` (
    `payload`,
    `code`,
    `message`,
    `stage`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `src_ts`,
    `job`,
    `version`,
    `dead_at`
)
SELECT
    decoded.payload,
    decoded.err_code AS code,
    decoded.err_msg AS message,
    decoded.err_stage AS stage,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'historian/rollup_1h_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NOT NULL;

INSERT INTO `headrace`.`historian`.`late_readings` (
    `payload`,
    `key`,
    `ts`,
    `watermark`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `src_ts`,
    `job`,
    `version`,
    `late_at`
)
SELECT
    decoded.payload,
    `decoded`.`tag` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'historian/rollup_1h_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
