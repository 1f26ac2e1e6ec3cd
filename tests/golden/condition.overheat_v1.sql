CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `overheat_alerts__topic` (
    `tag` STRING NOT NULL,
    `ts` TIMESTAMP_LTZ(6) NOT NULL,
    `value` DOUBLE NOT NULL,
    `hot_limit` DOUBLE NOT NULL
) WITH (
    'connector' = 'kafka',
    'topic' = 'condition.overheat_alerts',
    'key.format' = 'json',
    'key.fields' = 'tag',
    'value.format' = 'json',
    'key.json.timestamp-format.standard' = 'ISO-8601',
    'value.json.timestamp-format.standard' = 'ISO-8601',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.transactional-id-prefix' = 'headrace.condition.overheat_v1.condition.overheat_alerts',
    'properties.transaction.timeout.ms' = '900000',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}'
);

CREATE TEMPORARY TABLE `plant_readings__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.condition.overheat_v1',
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
    `ingest_plant_readings_good`(pack) AS `good`,
    `ingest_plant_readings_letters`(pack) AS `letters`
FROM `plant_readings__packs`;

CREATE TEMPORARY VIEW `plant_readings` AS
SELECT
    `decoded`.`tag`,
    `decoded`.`value`,
    `decoded`.`text`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `plant_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`tag` STRING, `value` DOUBLE, `text` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `tag`,
    `value`,
    `text`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

-- view hot
with readings as (
    select * from `plant_readings`
)

select
    tag,
    ts,
    `value`,
    quality,
    100.0E0 as hot_limit,
    src_topic, src_partition, src_offset, src_index
from readings
where `value` > 100.0E0 and (`quality` < 1073741824);

CREATE TEMPORARY VIEW `condition_overheats__selected` AS
select
    tag,
    ts,
    `value`,
    quality,
    hot_limit,
    src_topic, src_partition, src_offset, src_index
from `hot`;

INSERT INTO `headrace`.`condition`.`overheats` (
    `tag`,
    `ts`,
    `value`,
    `quality`,
    `hot_limit`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `tag`,
    `ts`,
    `value`,
    `quality`,
    `hot_limit`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `condition_overheats__selected`;

CREATE TEMPORARY VIEW `topic_overheat_alerts__selected` AS
select
    tag,
    ts,
    `value`,
    hot_limit
from `hot`;

INSERT INTO `overheat_alerts__topic` (
    `tag`,
    `ts`,
    `value`,
    `hot_limit`
)
SELECT
    `tag`,
    `ts`,
    `value`,
    `hot_limit`
FROM `topic_overheat_alerts__selected`;

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
    'condition/overheat_v1' AS job,
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
