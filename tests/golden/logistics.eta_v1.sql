CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `vehicle_positions__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `vehicle` AS `ingest_vehicle_positions_vehicle`(payload),
    `latitude` AS `ingest_vehicle_positions_latitude`(payload),
    `longitude` AS `ingest_vehicle_positions_longitude`(payload),
    `speed` AS `ingest_vehicle_positions_speed`(payload),
    `ts` AS `ingest_vehicle_positions_ts`(payload),
    `quality` AS `ingest_vehicle_positions_quality`(payload),
    `err_stage` AS `ingest_vehicle_positions_err_stage`(payload),
    `err_code` AS `ingest_vehicle_positions_err_code`(payload),
    `err_msg` AS `ingest_vehicle_positions_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_vehicle_positions_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_vehicle_positions_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '1' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'logistics.positions',
    'format' = 'raw',
    'properties.group.id' = 'headrace.logistics.eta_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `vehicle_positions` AS
SELECT
    `decoded`.`vehicle`,
    `decoded`.`latitude`,
    `decoded`.`longitude`,
    `decoded`.`speed`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `vehicle_positions__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `vehicle_positions__on_time` AS
SELECT *
FROM `vehicle_positions`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

-- view positions
select
    vehicle,
    ts,
    latitude,
    longitude,
    speed,
    coalesce(zone_of(latitude, longitude), 'road') as zone,
    src_topic, src_partition, src_offset, src_index,
    event_time
from `vehicle_positions__on_time`;

CREATE TEMPORARY VIEW `logistics_etas__selected` AS
with positions as (
    select * from `positions`
),

bound as (
    select *
    from (
    SELECT
        look_up__input.*,
        `look_up_logistics_trips_9df20672_destination`(`look_up__input`.`vehicle`) AS `destination`,
        `look_up_logistics_trips_9df20672_to_latitude`(`look_up__input`.`vehicle`) AS `to_latitude`,
        `look_up_logistics_trips_9df20672_to_longitude`(`look_up__input`.`vehicle`) AS `to_longitude`
    FROM `positions` AS look_up__input
)
),

moving as (
    select
        *,
        (12742.0176E0 * ASIN(SQRT(LEAST(1.0E0, POWER(SIN(RADIANS(`to_latitude` - `latitude`) / 2), 2) + COS(RADIANS(`latitude`)) * COS(RADIANS(`to_latitude`)) * POWER(SIN(RADIANS(`to_longitude` - `longitude`) / 2), 2))))) as km,
        avg(speed) over (
            partition by vehicle order by event_time range between interval '5' minute preceding and current row
        ) as mean_speed
    from bound
),

on_their_way as (
    select * from moving
    where zone <> destination and mean_speed > 5.0E0
)

select
    vehicle,
    ts,
    destination,
    km,
    mean_speed,
    ts + cast(1.4E0 * km / mean_speed * 3600 as int) * interval '1' second as expected_at
from (
    SELECT *
    FROM (
        SELECT
            *,
            once__id = FIRST_VALUE(once__id) OVER (
                PARTITION BY `vehicle`, once__span
                ORDER BY `event_time` RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW
            ) AS first_of_span
        FROM (
            SELECT
                *,
                CONCAT_WS('/', CAST(`src_topic` AS STRING), CAST(`src_partition` AS STRING), CAST(`src_offset` AS STRING), CAST(`src_index` AS STRING)) AS once__id,
                (EXTRACT(EPOCH FROM `event_time`) * 1000 + EXTRACT(MILLISECOND FROM `event_time`)) / 60000 AS once__span
            FROM `on_their_way`
        )
    )
    WHERE first_of_span
);

INSERT INTO `headrace`.`logistics`.`etas` (
    `vehicle`,
    `ts`,
    `destination`,
    `km`,
    `mean_speed`,
    `expected_at`
)
SELECT
    `vehicle`,
    `ts`,
    `destination`,
    `km`,
    `mean_speed`,
    `expected_at`
FROM `logistics_etas__selected`;

CREATE TEMPORARY VIEW `logistics_zone_events__selected` AS
with positions as (
    select * from `positions`
),

steps as (
    select
        *,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `vehicle` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`zone`) OVER (PARTITION BY `vehicle` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as previous_zone
    from positions
)

select
    vehicle,
    ts,
    zone,
    'entry' as event
from steps
where zone <> 'road' and zone <> coalesce(previous_zone, 'road')
union all
select
    vehicle,
    ts,
    previous_zone as zone,
    'exit' as event
from steps
where previous_zone <> 'road' and zone <> previous_zone;

INSERT INTO `headrace`.`logistics`.`zone_events` (
    `vehicle`,
    `ts`,
    `zone`,
    `event`
)
SELECT
    `vehicle`,
    `ts`,
    `zone`,
    `event`
FROM `logistics_zone_events__selected`;

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
    'logistics/eta_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `vehicle_positions__decoded` AS decoded
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
    `decoded`.`vehicle` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'logistics/eta_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `vehicle_positions__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
