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
    `asset` AS `ingest_plant_readings_asset`(payload),
    `unit` AS `ingest_plant_readings_unit`(payload),
    `err_stage` AS `ingest_plant_readings_err_stage`(payload),
    `err_code` AS `ingest_plant_readings_err_code`(payload),
    `err_msg` AS `ingest_plant_readings_err_msg`(payload),
    src_index AS 0
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.historian.readings_v1',
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
    `decoded`.`asset`,
    `decoded`.`unit`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `historian_readings__selected` AS
with readings as (
    select * from `plant_readings`
)

select
    tag,
    ts,
    `value`,
    text,
    quality,
    unit,
    asset,
    src_topic, src_partition, src_offset, src_index,
    current_timestamp as ingested_at
from readings;

INSERT INTO `headrace`.`historian`.`readings` (
    `tag`,
    `ts`,
    `value`,
    `text`,
    `quality`,
    `unit`,
    `asset`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `ingested_at`
)
SELECT
    `tag`,
    `ts`,
    `value`,
    `text`,
    `quality`,
    `unit`,
    `asset`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `ingested_at`
FROM `historian_readings__selected`;

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
    'historian/readings_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `plant_readings__decoded` AS decoded
WHERE decoded.err_code IS NOT NULL;
