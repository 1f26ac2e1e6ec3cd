CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `plant_readings__packs` (
    pack BYTES,
    `good` AS `ingest_plant_readings_good`(pack),
    `letters` AS `ingest_plant_readings_letters`(pack),
    `late` AS `ingest_plant_readings_late`(pack),
    event_time AS COALESCE(
        CAST(CAST(`ingest_plant_readings_watermark`(pack) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)),
        TO_TIMESTAMP_LTZ(-62135596800000, 3)
    ),
    WATERMARK FOR event_time AS event_time
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.condition.stuck_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.headrace.pack' = 'lines',
    'properties.max.poll.records' = '10000',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `plant_readings__streams` AS
SELECT
    `good`,
    `letters`,
    `late`,
    event_time
FROM `plant_readings__packs`;

CREATE TEMPORARY VIEW `plant_readings__readings` AS
SELECT
    `decoded`.`tag`,
    `decoded`.`value`,
    `decoded`.`text`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`,
    decoded.late,
    CAST(decoded.ts AS TIMESTAMP_LTZ(3)) AS event_time
FROM `plant_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`tag` STRING, `value` DOUBLE, `text` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL, `late` BOOLEAN NOT NULL>')) AS decoded (
    `tag`,
    `value`,
    `text`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `late`
);

CREATE TEMPORARY VIEW `plant_readings` AS
SELECT
    `tag`,
    `value`,
    `text`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `event_time`
FROM `plant_readings__readings`;

CREATE TEMPORARY VIEW `plant_readings__on_time` AS
SELECT
    `tag`,
    `value`,
    `text`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `event_time`
FROM `plant_readings__readings`
WHERE NOT late;

CREATE TEMPORARY VIEW `condition_sensor_faults__selected` AS
SELECT *
FROM `condition_sensor_faults__of_module`;

INSERT INTO `headrace`.`condition`.`sensor_faults` (
    `tag`,
    `kind`,
    `since`,
    `detected_at`,
    `last_value`
)
SELECT
    `tag`,
    `kind`,
    `since`,
    `detected_at`,
    `last_value`
FROM `condition_sensor_faults__selected`;

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
    decoded.src_ts,
    'condition/stuck_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `plant_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`letters`, 'ROW<`payload` BYTES, `err_stage` STRING, `err_code` STRING, `err_msg` STRING, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL, `src_ts` TIMESTAMP_LTZ(6) NOT NULL>')) AS decoded (
    `payload`,
    `err_stage`,
    `err_code`,
    `err_msg`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `src_ts`
);

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
    decoded.`key`,
    decoded.ts,
    decoded.`watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    decoded.src_ts,
    'condition/stuck_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `plant_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`late`, 'ROW<`payload` BYTES, `key` STRING, `ts` TIMESTAMP_LTZ(6), `watermark` TIMESTAMP_LTZ(6), `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL, `src_ts` TIMESTAMP_LTZ(6) NOT NULL>')) AS decoded (
    `payload`,
    `key`,
    `ts`,
    `watermark`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `src_ts`
);
