CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `fhir_panels__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'clinic.fhir',
    'format' = 'raw',
    'properties.group.id' = 'headrace.clinical.panels_v1',
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

CREATE TEMPORARY VIEW `fhir_panels__streams` AS
SELECT
    `ingest_fhir_panels_good`(pack) AS `good`,
    `ingest_fhir_panels_letters`(pack) AS `letters`
FROM `fhir_panels__packs`;

CREATE TEMPORARY VIEW `fhir_panels` AS
SELECT
    `decoded`.`patient`,
    `decoded`.`panel`,
    `decoded`.`code`,
    `decoded`.`value`,
    `decoded`.`unit`,
    `decoded`.`result`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `fhir_panels__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`patient` STRING, `panel` STRING, `code` STRING, `value` DOUBLE, `unit` STRING, `result` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `patient`,
    `panel`,
    `code`,
    `value`,
    `unit`,
    `result`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY VIEW `clinical_components__selected` AS
select
    patient,
    panel,
    code,
    ts,
    `value`,
    unit,
    `result`,
    src_topic, src_partition, src_offset, src_index
from `fhir_panels`;

INSERT INTO `headrace`.`clinical`.`components` (
    `patient`,
    `panel`,
    `code`,
    `ts`,
    `value`,
    `unit`,
    `result`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `patient`,
    `panel`,
    `code`,
    `ts`,
    `value`,
    `unit`,
    `result`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `clinical_components__selected`;

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
    'clinical/panels_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `fhir_panels__streams`
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
)
WHERE decoded.err_code NOT IN ('no_readings');

INSERT INTO `headrace`.`historian`.`markers` (
    `code`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`,
    `src_ts`,
    `job`,
    `version`,
    `marked_at`
)
SELECT
    decoded.err_code AS code,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    decoded.src_ts,
    'clinical/panels_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS marked_at
FROM `fhir_panels__streams`
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
)
WHERE decoded.err_code IN ('no_readings');
