CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `plant_readings__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.readings',
    'format' = 'raw',
    'properties.group.id' = 'headrace.historian.twin_v1',
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
    `decoded`.`asset`,
    `decoded`.`unit`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `plant_readings__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`tag` STRING, `value` DOUBLE, `text` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `asset` STRING, `unit` STRING, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `tag`,
    `value`,
    `text`,
    `ts`,
    `quality`,
    `asset`,
    `unit`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY VIEW `historian_twin__selected` AS
with readings as (
    select * from `plant_readings`
),

good_readings as (
    select
        tag,
        ts,
        `value`,
        text,
        quality,
        asset,
        unit,
        src_topic, src_partition, src_offset, src_index
    from readings
    where (`quality` < 1073741824) and (`value` is not null or text is not null)
),

-- No reading is late here, because the newest is chosen by its own time, whenever it arrives; of two readings at the
-- same time, the later one in the topic is chosen. Flink keeps one row per tag, and must keep it for as long as the tag
-- can send, so job.yaml sets no state_ttl.
newest_first as (
    select
        *,
        row_number() over (partition by tag order by ts desc, src_offset desc) as place
    from good_readings
)

select
    tag,
    ts,
    `value`,
    text,
    quality,
    asset,
    unit,
    src_topic, src_partition, src_offset, src_index
from newest_first
where place = 1;

INSERT INTO `headrace`.`historian`.`twin` (
    `tag`,
    `ts`,
    `value`,
    `text`,
    `quality`,
    `asset`,
    `unit`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `tag`,
    `ts`,
    `value`,
    `text`,
    `quality`,
    `asset`,
    `unit`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `historian_twin__selected`;

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
    'historian/twin_v1' AS job,
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
