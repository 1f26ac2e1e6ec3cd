CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `fhir_bundles__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'clinic.fhir',
    'format' = 'raw',
    'properties.group.id' = 'headrace.clinical.observations_v1',
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

CREATE TEMPORARY VIEW `fhir_bundles__streams` AS
SELECT
    `ingest_fhir_bundles_good`(pack) AS `good`,
    `ingest_fhir_bundles_letters`(pack) AS `letters`
FROM `fhir_bundles__packs`;

CREATE TEMPORARY VIEW `fhir_bundles` AS
SELECT
    `decoded`.`kind`,
    `decoded`.`patient`,
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
FROM `fhir_bundles__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`kind` STRING, `patient` STRING, `code` STRING, `value` DOUBLE, `unit` STRING, `result` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `kind`,
    `patient`,
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

CREATE TEMPORARY TABLE `hl7_results__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'clinic.hl7',
    'format' = 'raw',
    'properties.group.id' = 'headrace.clinical.observations_v1',
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

CREATE TEMPORARY VIEW `hl7_results__streams` AS
SELECT
    `ingest_hl7_results_good`(pack) AS `good`,
    `ingest_hl7_results_letters`(pack) AS `letters`
FROM `hl7_results__packs`;

CREATE TEMPORARY VIEW `hl7_results` AS
SELECT
    `decoded`.`patient`,
    `decoded`.`birth_year`,
    `decoded`.`region`,
    `decoded`.`code`,
    `decoded`.`value`,
    `decoded`.`unit`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `hl7_results__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`patient` STRING, `birth_year` STRING, `region` STRING, `code` STRING, `value` DOUBLE, `unit` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `patient`,
    `birth_year`,
    `region`,
    `code`,
    `value`,
    `unit`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY VIEW `clinical_observations__selected` AS
-- The sources mask what says who a patient is, before this SELECT sees it.
select
    patient,
    cast(null as string) as birth_year,
    cast(null as string) as region,
    'fhir' as origin,
    code,
    ts,
    `value`,
    unit,
    `result`,
    src_topic, src_partition, src_offset, src_index
from `fhir_bundles`
where kind = 'Observation'
union all
select
    patient,
    birth_year,
    region,
    'hl7' as origin,
    code,
    ts,
    `value`,
    unit,
    cast(null as string) as `result`,
    src_topic, src_partition, src_offset, src_index
from `hl7_results`;

INSERT INTO `headrace`.`clinical`.`observations` (
    `patient`,
    `birth_year`,
    `region`,
    `origin`,
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
    `birth_year`,
    `region`,
    `origin`,
    `code`,
    `ts`,
    `value`,
    `unit`,
    `result`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `clinical_observations__selected`;

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
    'clinical/observations_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `fhir_bundles__streams`
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
    'clinical/observations_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `hl7_results__streams`
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
