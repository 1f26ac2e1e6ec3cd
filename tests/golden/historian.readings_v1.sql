CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `plant_readings__raw` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.historian.readings_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'earliest-offset'
);

CREATE TEMPORARY VIEW `plant_readings__decoded` AS
SELECT
    payload,
    src_topic,
    src_partition,
    src_offset,
    src_ts,
    0 AS src_index,
    `ingest_plant_readings`(payload) AS record
FROM `plant_readings__raw`;

CREATE TEMPORARY VIEW `plant_readings` AS
SELECT
    `decoded`.`record`.`tag` AS `tag`,
    `decoded`.`record`.`value` AS `value`,
    `decoded`.`record`.`text` AS `text`,
    CAST(`decoded`.`record`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`record`.`quality` AS `quality`,
    `decoded`.`record`.`asset` AS `asset`,
    `decoded`.`record`.`unit` AS `unit`,
    `decoded`.`record`.`score` AS `score`,
    `decoded`.`record`.`anomaly` AS `anomaly`,
    src_topic,
    src_partition,
    src_offset,
    src_index
FROM `plant_readings__decoded` AS decoded
WHERE decoded.record.err_code IS NULL;

INSERT INTO `headrace`.`historian`.`readings` (
    `tag`
)
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
    score,
    anomaly,
    src_topic, src_partition, src_offset, src_index,
    current_timestamp as ingested_at
from readings;

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
    decoded.record.err_code AS code,
    decoded.record.err_msg AS message,
    decoded.record.err_stage AS stage,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'historian/readings_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `plant_readings__decoded` AS decoded
WHERE decoded.record.err_code IS NOT NULL;
