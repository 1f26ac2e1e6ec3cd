CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `engine_cycles__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `engine` AS `ingest_engine_cycles_engine`(payload),
    `flight` AS `ingest_engine_cycles_flight`(payload),
    `setting1` AS `ingest_engine_cycles_setting1`(payload),
    `setting2` AS `ingest_engine_cycles_setting2`(payload),
    `setting3` AS `ingest_engine_cycles_setting3`(payload),
    `s1` AS `ingest_engine_cycles_s1`(payload),
    `s2` AS `ingest_engine_cycles_s2`(payload),
    `s3` AS `ingest_engine_cycles_s3`(payload),
    `s4` AS `ingest_engine_cycles_s4`(payload),
    `s5` AS `ingest_engine_cycles_s5`(payload),
    `s6` AS `ingest_engine_cycles_s6`(payload),
    `s7` AS `ingest_engine_cycles_s7`(payload),
    `s8` AS `ingest_engine_cycles_s8`(payload),
    `s9` AS `ingest_engine_cycles_s9`(payload),
    `s10` AS `ingest_engine_cycles_s10`(payload),
    `s11` AS `ingest_engine_cycles_s11`(payload),
    `s12` AS `ingest_engine_cycles_s12`(payload),
    `s13` AS `ingest_engine_cycles_s13`(payload),
    `s14` AS `ingest_engine_cycles_s14`(payload),
    `s15` AS `ingest_engine_cycles_s15`(payload),
    `s16` AS `ingest_engine_cycles_s16`(payload),
    `s17` AS `ingest_engine_cycles_s17`(payload),
    `s18` AS `ingest_engine_cycles_s18`(payload),
    `s19` AS `ingest_engine_cycles_s19`(payload),
    `s20` AS `ingest_engine_cycles_s20`(payload),
    `s21` AS `ingest_engine_cycles_s21`(payload),
    `ts` AS `ingest_engine_cycles_ts`(payload),
    `quality` AS `ingest_engine_cycles_quality`(payload),
    `err_stage` AS `ingest_engine_cycles_err_stage`(payload),
    `err_code` AS `ingest_engine_cycles_err_code`(payload),
    `err_msg` AS `ingest_engine_cycles_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_engine_cycles_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_engine_cycles_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '1' HOUR
) WITH (
    'connector' = 'kafka',
    'topic' = 'fleet.cycles',
    'format' = 'raw',
    'properties.group.id' = 'headrace.maintenance.rul_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `engine_cycles` AS
SELECT
    `decoded`.`engine`,
    `decoded`.`flight`,
    `decoded`.`setting1`,
    `decoded`.`setting2`,
    `decoded`.`setting3`,
    `decoded`.`s1`,
    `decoded`.`s2`,
    `decoded`.`s3`,
    `decoded`.`s4`,
    `decoded`.`s5`,
    `decoded`.`s6`,
    `decoded`.`s7`,
    `decoded`.`s8`,
    `decoded`.`s9`,
    `decoded`.`s10`,
    `decoded`.`s11`,
    `decoded`.`s12`,
    `decoded`.`s13`,
    `decoded`.`s14`,
    `decoded`.`s15`,
    `decoded`.`s16`,
    `decoded`.`s17`,
    `decoded`.`s18`,
    `decoded`.`s19`,
    `decoded`.`s20`,
    `decoded`.`s21`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `engine_cycles__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `engine_cycles__on_time` AS
SELECT *
FROM `engine_cycles`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

CREATE TEMPORARY VIEW `maintenance_rul__selected` AS
with cycles as (
    select * from `engine_cycles__on_time`
),

worn as (
    select
        engine,
        ts,
        event_time,
        flight,
        engine_wear(array [`s1`, `s2`, `s3`, `s4`, `s5`, `s6`, `s7`, `s8`, `s9`, `s10`, `s11`, `s12`, `s13`, `s14`, `s15`, `s16`, `s17`, `s18`, `s19`, `s20`, `s21`]) as wear
    from (
    SELECT *
    FROM (
        SELECT
            *,
            LAST_VALUE(src_partition) OVER same_time AS last_partition,
            LAST_VALUE(src_offset) OVER same_time AS last_offset,
            LAST_VALUE(src_index) OVER same_time AS last_index
        FROM `cycles`
        WINDOW same_time AS (
            PARTITION BY `engine` ORDER BY `event_time` RANGE BETWEEN INTERVAL '0' SECOND PRECEDING AND CURRENT ROW
        )
    )
    WHERE src_partition = last_partition AND src_offset = last_offset AND src_index = last_index
)
),

recent as (
    select
        engine,
        ts,
        flight,
        wear.level as wear,
        array_agg(wear.level) over last_flights as levels,
        array_agg(wear.shape) over last_flights as shapes
    from worn
    window last_flights as (partition by engine order by event_time rows between 39 preceding and current row)
)

select
    engine,
    ts,
    flight,
    wear,
    engine_rul(levels, shapes, flight) as rul
from recent;

INSERT INTO `headrace`.`maintenance`.`rul` (
    `engine`,
    `ts`,
    `flight`,
    `wear`,
    `rul`
)
SELECT
    `engine`,
    `ts`,
    `flight`,
    `wear`,
    `rul`
FROM `maintenance_rul__selected`;

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
    'maintenance/rul_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `engine_cycles__decoded` AS decoded
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
    `decoded`.`engine` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'maintenance/rul_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `engine_cycles__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
