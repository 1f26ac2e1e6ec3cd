CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `frequency_alarms__topic` (
    `node` STRING NOT NULL,
    `ts` TIMESTAMP_LTZ(6) NOT NULL,
    `mean_hz` DOUBLE NOT NULL,
    `is_low` BOOLEAN NOT NULL
) WITH (
    'connector' = 'kafka',
    'topic' = 'grid.frequency_alarms',
    'key.format' = 'json',
    'key.fields' = 'node',
    'value.format' = 'json',
    'key.json.timestamp-format.standard' = 'ISO-8601',
    'value.json.timestamp-format.standard' = 'ISO-8601',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.transactional-id-prefix' = 'headrace.grid.frequency_v1.grid.frequency_alarms',
    'properties.transaction.timeout.ms' = '900000',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}'
);

CREATE TEMPORARY TABLE `grid_frequency__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `node` AS `ingest_grid_frequency_node`(payload),
    `hz` AS `ingest_grid_frequency_hz`(payload),
    `ts` AS `ingest_grid_frequency_ts`(payload),
    `quality` AS `ingest_grid_frequency_quality`(payload),
    `err_stage` AS `ingest_grid_frequency_err_stage`(payload),
    `err_code` AS `ingest_grid_frequency_err_code`(payload),
    `err_msg` AS `ingest_grid_frequency_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_grid_frequency_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_grid_frequency_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '2' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = 'grid.frequency',
    'format' = 'raw',
    'properties.group.id' = 'headrace.grid.frequency_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `grid_frequency` AS
SELECT
    `decoded`.`node`,
    `decoded`.`hz`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `grid_frequency__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `grid_frequency__on_time` AS
SELECT *
FROM `grid_frequency`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

-- view seconds
with samples as (
    select * from `grid_frequency__on_time`
),

latest as (
    select * from (
    SELECT *
    FROM (
        SELECT
            *,
            LAST_VALUE(src_partition) OVER same_time AS last_partition,
            LAST_VALUE(src_offset) OVER same_time AS last_offset,
            LAST_VALUE(src_index) OVER same_time AS last_index
        FROM `samples`
        WINDOW same_time AS (
            PARTITION BY `node` ORDER BY `event_time` RANGE BETWEEN INTERVAL '0' SECOND PRECEDING AND CURRENT ROW
        )
    )
    WHERE src_partition = last_partition AND src_offset = last_offset AND src_index = last_index
)
),

seconds as (
    select
        node,
        window_start,
        window_time,
        count(*) as samples,
        avg(hz) as mean_hz,
        min(hz) as min_hz,
        max(hz) as max_hz
    from TABLE(TUMBLE(TABLE `latest`, DESCRIPTOR(`event_time`), INTERVAL '1' SECOND))
    group by node, window_start, window_end, window_time
),

alarms as (
    select
        *,
        COALESCE(LAST_VALUE(CASE WHEN `mean_hz` < 49.8E0 THEN TRUE WHEN `mean_hz` > 49.9E0 THEN FALSE END) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), FALSE) as is_low
    from seconds
),

steps as (
    select
        *,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`window_start`) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as previous_start,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`mean_hz`) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as previous_hz,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`is_low`) OVER (PARTITION BY `node` ORDER BY `window_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as was_low
    from alarms
)

select
    *,
    case when timestampdiff(second, previous_start, window_start) = 1 then mean_hz - previous_hz end as rocof
from steps;

CREATE TEMPORARY VIEW `grid_events__selected` AS
select
    node,
    started_at,
    ended_at,
    nadir_hz,
    steepest_rocof
from `seconds`
match_recognize (
    partition by node
    order by window_time
    measures
    first(low.window_start) as started_at,
    back.window_start as ended_at,
    min(low.min_hz) as nadir_hz,
    min(low.rocof) as steepest_rocof
    one row per match
    after match skip past last row
    pattern (low+ back)
    define
    low as low.is_low,
    back as not back.is_low
);

INSERT INTO `headrace`.`grid`.`events` (
    `node`,
    `started_at`,
    `ended_at`,
    `nadir_hz`,
    `steepest_rocof`
)
SELECT
    `node`,
    `started_at`,
    `ended_at`,
    `nadir_hz`,
    `steepest_rocof`
FROM `grid_events__selected`;

CREATE TEMPORARY VIEW `grid_frequency_1s__selected` AS
select
    node,
    window_start as ts,
    samples,
    mean_hz,
    min_hz,
    max_hz,
    rocof,
    is_low
from `seconds`;

INSERT INTO `headrace`.`grid`.`frequency_1s` (
    `node`,
    `ts`,
    `samples`,
    `mean_hz`,
    `min_hz`,
    `max_hz`,
    `rocof`,
    `is_low`
)
SELECT
    `node`,
    `ts`,
    `samples`,
    `mean_hz`,
    `min_hz`,
    `max_hz`,
    `rocof`,
    `is_low`
FROM `grid_frequency_1s__selected`;

CREATE TEMPORARY VIEW `topic_frequency_alarms__selected` AS
select
    node,
    window_start as ts,
    mean_hz,
    is_low
from `seconds`
where is_low <> coalesce(was_low, false);

INSERT INTO `frequency_alarms__topic` (
    `node`,
    `ts`,
    `mean_hz`,
    `is_low`
)
SELECT
    `node`,
    `ts`,
    `mean_hz`,
    `is_low`
FROM `topic_frequency_alarms__selected`;

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
    'grid/frequency_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `grid_frequency__decoded` AS decoded
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
    `decoded`.`node` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'grid/frequency_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `grid_frequency__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
