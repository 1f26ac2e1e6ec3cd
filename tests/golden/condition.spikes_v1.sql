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
    'properties.group.id' = 'headrace.condition.spikes_v1',
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

CREATE TEMPORARY VIEW `condition_spikes__selected` AS
with readings as (
    select * from `plant_readings__on_time`
),

-- A message that was sent twice, or a reading that was corrected, gives two readings at one time: the last one counts.
good_readings as (
    select
        tag,
        `value`,
        quality,
        event_time
    from (
    SELECT *
    FROM (
        SELECT
            *,
            LAST_VALUE(src_partition) OVER same_time AS last_partition,
            LAST_VALUE(src_offset) OVER same_time AS last_offset,
            LAST_VALUE(src_index) OVER same_time AS last_index
        FROM `readings`
        WINDOW same_time AS (
            PARTITION BY `tag` ORDER BY `event_time` RANGE BETWEEN INTERVAL '0' SECOND PRECEDING AND CURRENT ROW
        )
    )
    WHERE src_partition = last_partition AND src_offset = last_offset AND src_index = last_index
)
    where `value` is not null and (`quality` < 1073741824)
),

hours as (
    select
        tag,
        window_start,
        window_end,
        COUNT(*) FILTER (WHERE (`quality` < 1073741824) AND (`value` > 120.0E0)) as spikes,
        avg(`value`) as average,
        count(*) as readings
    from TABLE(HOP(TABLE `good_readings`, DESCRIPTOR(`event_time`), INTERVAL '5' MINUTE, INTERVAL '1' HOUR))
    group by tag, window_start, window_end
)

select
    tag,
    cast(window_start as timestamp_ltz(6)) as window_start,
    cast(window_end as timestamp_ltz(6)) as window_end,
    spikes,
    average,
    readings
from hours
where spikes > 10 and average > 100.0E0;

INSERT INTO `headrace`.`condition`.`spikes` (
    `tag`,
    `window_start`,
    `window_end`,
    `spikes`,
    `average`,
    `readings`
)
SELECT
    `tag`,
    `window_start`,
    `window_end`,
    `spikes`,
    `average`,
    `readings`
FROM `condition_spikes__selected`;

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
    'condition/spikes_v1' AS job,
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
    'condition/spikes_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
