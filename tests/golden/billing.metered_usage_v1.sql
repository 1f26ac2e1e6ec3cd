CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `meter_readings__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `meter` AS `ingest_meter_readings_meter`(payload),
    `energy` AS `ingest_meter_readings_energy`(payload),
    `ts` AS `ingest_meter_readings_ts`(payload),
    `quality` AS `ingest_meter_readings_quality`(payload),
    `err_stage` AS `ingest_meter_readings_err_stage`(payload),
    `err_code` AS `ingest_meter_readings_err_code`(payload),
    `err_msg` AS `ingest_meter_readings_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_meter_readings_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_meter_readings_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '5' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'billing.meters',
    'format' = 'raw',
    'properties.group.id' = 'headrace.billing.metered_usage_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `meter_readings` AS
SELECT
    `decoded`.`meter`,
    `decoded`.`energy`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `meter_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `meter_readings__on_time` AS
SELECT *
FROM `meter_readings`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

CREATE TEMPORARY VIEW `billing_usage__selected` AS
with counted as (
    select *, (CASE WHEN `energy` >= (CASE WHEN COUNT(*) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`energy`) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `energy` - (CASE WHEN COUNT(*) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`energy`) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) WHEN `energy` < (CASE WHEN COUNT(*) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`energy`) OVER (PARTITION BY `meter` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `energy` END) as used from `meter_readings__on_time`
)

select
    meter,
    window_start as ts,
    sum(used) as used,
    count(*) as readings,
    cast(null as timestamp_ltz(6)) as corrected_at
from TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`event_time`), INTERVAL '1' HOUR))
group by meter, window_start, window_end;

INSERT INTO `headrace`.`billing`.`usage` (
    `meter`,
    `ts`,
    `used`,
    `readings`,
    `corrected_at`
)
SELECT
    `meter`,
    `ts`,
    `used`,
    `readings`,
    `corrected_at`
FROM `billing_usage__selected`;

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
    'billing/metered_usage_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `meter_readings__decoded` AS decoded
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
    `decoded`.`meter` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'billing/metered_usage_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `meter_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
