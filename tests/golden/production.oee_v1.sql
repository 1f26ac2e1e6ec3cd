CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `machine_signals__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `machine` AS `ingest_machine_signals_machine`(payload),
    `state` AS `ingest_machine_signals_state`(payload),
    `parts` AS `ingest_machine_signals_parts`(payload),
    `rejects` AS `ingest_machine_signals_rejects`(payload),
    `ts` AS `ingest_machine_signals_ts`(payload),
    `quality` AS `ingest_machine_signals_quality`(payload),
    `err_stage` AS `ingest_machine_signals_err_stage`(payload),
    `err_code` AS `ingest_machine_signals_err_code`(payload),
    `err_msg` AS `ingest_machine_signals_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_machine_signals_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_machine_signals_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '1' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'production.machine_signals',
    'format' = 'raw',
    'properties.group.id' = 'headrace.production.oee_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `machine_signals` AS
SELECT
    `decoded`.`machine`,
    `decoded`.`state`,
    `decoded`.`parts`,
    `decoded`.`rejects`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `machine_signals__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `machine_signals__on_time` AS
SELECT *
FROM `machine_signals`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

CREATE TEMPORARY VIEW `production_oee__selected` AS
with signals as (
    select * from `machine_signals__on_time`
),

-- What a machine has done since its last message.
spans as (
    select
        machine,
        ts,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`ts`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as since,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`state`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as state,
        (CASE WHEN `parts` >= (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`parts`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `parts` - (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`parts`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) WHEN `parts` < (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`parts`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `parts` END) as parts,
        (CASE WHEN `rejects` >= (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`rejects`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `rejects` - (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`rejects`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) WHEN `rejects` < (CASE WHEN COUNT(*) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`rejects`) OVER (PARTITION BY `machine` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) THEN `rejects` END) as rejects
    from signals
),

of_lines as (
    select * from (
    SELECT
        look_up__input.*,
        `look_up_production_machines_9fa0ff19_line`(`look_up__input`.`machine`) AS `line`,
        `look_up_production_machines_9fa0ff19_ideal_cycle_s`(`look_up__input`.`machine`) AS `ideal_cycle_s`
    FROM `spans` AS look_up__input
)
),

-- The narrowest interval counts, so that a break wins over the shift that it is in.
in_shifts as (
    select *
    from (
    SELECT
        look_up__input.*,
        `look_up_production_calendar_bd016a50_shift`(`look_up__input`.`line`, CAST(`look_up__input`.`since` AS TIMESTAMP(6))) AS `shift`,
        CAST(`look_up_production_calendar_bd016a50_shift_starts_at`(`look_up__input`.`line`, CAST(`look_up__input`.`since` AS TIMESTAMP(6))) AS TIMESTAMP_LTZ(6)) AS `shift_starts_at`,
        CAST(`look_up_production_calendar_bd016a50_ends_at`(`look_up__input`.`line`, CAST(`look_up__input`.`since` AS TIMESTAMP(6))) AS TIMESTAMP_LTZ(6)) AS `ends_at`,
        `look_up_production_calendar_bd016a50_is_planned`(`look_up__input`.`line`, CAST(`look_up__input`.`since` AS TIMESTAMP(6))) AS `is_planned`
    FROM `of_lines` AS look_up__input
)
),

-- A silence that goes beyond its shift counts to the end of it.
planned as (
    select
        *,
        least(ts, ends_at) as seen_to
    from in_shifts
    where is_planned
),

timed as (
    select *, (TIMESTAMPDIFF(SECOND, FLOOR(`since` TO SECOND), FLOOR(`seen_to` TO SECOND)) + (EXTRACT(MILLISECOND FROM `seen_to`) - EXTRACT(MILLISECOND FROM `since`)) / 1000.0E0) as lasted_s from planned
),

shifts as (
    select
        machine,
        shift_starts_at,
        max(shift) as shift,
        sum(lasted_s) as planned_s,
        sum(case when state = 'running' then least(lasted_s, 120.0E0) else 0 end) as running_s,
        coalesce(sum(parts), 0) as parts,
        coalesce(sum(rejects), 0) as rejects,
        coalesce(sum(parts * ideal_cycle_s), 0) as ideal_s
    from timed
    group by machine, shift_starts_at
)

select
    machine,
    shift_starts_at,
    shift,
    planned_s,
    running_s,
    parts,
    rejects,
    running_s / nullif(planned_s, 0) as availability,
    ideal_s / nullif(running_s, 0) as performance,
    1e0 * (parts - rejects) / nullif(parts, 0) as quality,
    ideal_s / nullif(planned_s, 0) * (parts - rejects) / nullif(parts, 0) as oee
from shifts;

INSERT INTO `headrace`.`production`.`oee` (
    `machine`,
    `shift_starts_at`,
    `shift`,
    `planned_s`,
    `running_s`,
    `parts`,
    `rejects`,
    `availability`,
    `performance`,
    `quality`,
    `oee`
)
SELECT
    `machine`,
    `shift_starts_at`,
    `shift`,
    `planned_s`,
    `running_s`,
    `parts`,
    `rejects`,
    `availability`,
    `performance`,
    `quality`,
    `oee`
FROM `production_oee__selected`;

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
    'production/oee_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `machine_signals__decoded` AS decoded
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
    `decoded`.`machine` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'production/oee_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `machine_signals__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
