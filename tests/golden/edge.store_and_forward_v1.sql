CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `north_readings__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'north.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.edge.store_and_forward_v1',
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

CREATE TEMPORARY VIEW `north_readings__streams` AS
SELECT
    `ingest_north_readings_good`(pack) AS `good`,
    `ingest_north_readings_letters`(pack) AS `letters`
FROM `north_readings__packs`;

CREATE TEMPORARY VIEW `north_readings` AS
SELECT
    `decoded`.`site`,
    `decoded`.`number`,
    `decoded`.`tag`,
    `decoded`.`value`,
    `decoded`.`arrived_at`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `north_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`site` STRING, `number` BIGINT, `tag` STRING, `value` DOUBLE, `arrived_at` TIMESTAMP_LTZ(6), `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `site`,
    `number`,
    `tag`,
    `value`,
    `arrived_at`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY TABLE `south_readings__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'south.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.edge.store_and_forward_v1',
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

CREATE TEMPORARY VIEW `south_readings__streams` AS
SELECT
    `ingest_south_readings_good`(pack) AS `good`,
    `ingest_south_readings_letters`(pack) AS `letters`
FROM `south_readings__packs`;

CREATE TEMPORARY VIEW `south_readings` AS
SELECT
    `decoded`.`site`,
    `decoded`.`number`,
    `decoded`.`tag`,
    `decoded`.`value`,
    `decoded`.`arrived_at`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `south_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`site` STRING, `number` BIGINT, `tag` STRING, `value` DOUBLE, `arrived_at` TIMESTAMP_LTZ(6), `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `site`,
    `number`,
    `tag`,
    `value`,
    `arrived_at`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

-- view arrived
-- Nothing is late here: a reading counts by its number, whenever it arrives.
select
    site,
    number,
    tag,
    ts,
    `value`,
    quality,
    arrived_at,
    src_topic, src_partition, src_offset, src_index
from `north_readings`
union all
select
    site,
    number,
    tag,
    ts,
    `value`,
    quality,
    arrived_at,
    src_topic, src_partition, src_offset, src_index
from `south_readings`;

CREATE TEMPORARY VIEW `edge_arrivals__selected` AS
select
    site,
    number,
    ts,
    arrived_at,
    src_topic, src_partition, src_offset, src_index
from `arrived`;

INSERT INTO `headrace`.`edge`.`arrivals` (
    `site`,
    `number`,
    `ts`,
    `arrived_at`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `site`,
    `number`,
    `ts`,
    `arrived_at`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `edge_arrivals__selected`;

CREATE TEMPORARY VIEW `edge_readings__selected` AS
select
    site,
    number,
    tag,
    ts,
    `value`,
    quality
from `arrived`;

INSERT INTO `headrace`.`edge`.`readings` (
    `site`,
    `number`,
    `tag`,
    `ts`,
    `value`,
    `quality`
)
SELECT
    `site`,
    `number`,
    `tag`,
    `ts`,
    `value`,
    `quality`
FROM `edge_readings__selected`;

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
    'edge/store_and_forward_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `north_readings__streams`
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
    'edge/store_and_forward_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `south_readings__streams`
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
