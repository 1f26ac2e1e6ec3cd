CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `crm_account_events__topic` (
    `account` BIGINT NOT NULL,
    `name` STRING,
    `tier` STRING,
    `credit_limit` DOUBLE,
    PRIMARY KEY (`account`) NOT ENFORCED
) WITH (
    'connector' = 'upsert-kafka',
    'topic' = 'crm.account_events',
    'key.format' = 'json',
    'sink.buffer-flush.max-rows' = '10000',
    'sink.buffer-flush.interval' = '1 d',
    'value.format' = 'json',
    'key.json.timestamp-format.standard' = 'ISO-8601',
    'value.json.timestamp-format.standard' = 'ISO-8601',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.transactional-id-prefix' = 'headrace.crm.accounts_v1.crm.account_events',
    'properties.transaction.timeout.ms' = '900000',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}'
);

CREATE TEMPORARY TABLE `crm_accounts__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'crm.sales.accounts',
    'format' = 'raw',
    'properties.group.id' = 'headrace.crm.accounts_v1',
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

CREATE TEMPORARY VIEW `crm_accounts__streams` AS
SELECT
    `ingest_crm_accounts_good`(pack) AS `good`,
    `ingest_crm_accounts_letters`(pack) AS `letters`
FROM `crm_accounts__packs`;

CREATE TEMPORARY VIEW `crm_accounts` AS
SELECT
    `decoded`.`account`,
    `decoded`.`name`,
    `decoded`.`country`,
    `decoded`.`tier`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_op`,
    `decoded`.`src_order`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `crm_accounts__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`account` BIGINT, `name` STRING, `country` STRING, `tier` STRING, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_op` STRING, `src_order` STRING, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `account`,
    `name`,
    `country`,
    `tier`,
    `ts`,
    `quality`,
    `src_op`,
    `src_order`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY TABLE `sap_customers__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'sap.debmas',
    'format' = 'raw',
    'properties.group.id' = 'headrace.crm.accounts_v1',
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

CREATE TEMPORARY VIEW `sap_customers__streams` AS
SELECT
    `ingest_sap_customers_good`(pack) AS `good`,
    `ingest_sap_customers_letters`(pack) AS `letters`
FROM `sap_customers__packs`;

CREATE TEMPORARY VIEW `sap_customers` AS
SELECT
    `decoded`.`account`,
    `decoded`.`name`,
    `decoded`.`credit_limit`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_op`,
    `decoded`.`src_order`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `sap_customers__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`account` BIGINT, `name` STRING, `credit_limit` DOUBLE, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_op` STRING, `src_order` STRING, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `account`,
    `name`,
    `credit_limit`,
    `ts`,
    `quality`,
    `src_op`,
    `src_order`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

-- view accounts
select
    coalesce(crm.account, sap.account) as account,
    coalesce(crm.name, sap.name) as name,
    crm.country,
    crm.tier,
    sap.credit_limit
from (
    SELECT *
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (PARTITION BY `account` ORDER BY src_rank DESC) AS nth_of_key
        FROM (
            SELECT *, CONCAT(COALESCE(src_order, ''), '/', LPAD(CAST(src_offset AS STRING), 19, '0')) AS src_rank
            FROM `crm_accounts`
        )
    )
    WHERE nth_of_key = 1 AND src_op <> 'delete'
) as crm
full join (
    SELECT *
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (PARTITION BY `account` ORDER BY src_rank DESC) AS nth_of_key
        FROM (
            SELECT *, CONCAT(COALESCE(src_order, ''), '/', LPAD(CAST(src_offset AS STRING), 19, '0')) AS src_rank
            FROM `sap_customers`
        )
    )
    WHERE nth_of_key = 1 AND src_op <> 'delete'
) as sap on crm.account = sap.account;

CREATE TEMPORARY VIEW `crm_account_changes__selected` AS
select
    'crm' as `system`,
    account,
    src_op as operation,
    name,
    src_order as source_order,
    ts,
    src_topic, src_partition, src_offset, src_index
from `crm_accounts`
union all
select
    'sap' as `system`,
    account,
    src_op as operation,
    name,
    src_order as source_order,
    ts,
    src_topic, src_partition, src_offset, src_index
from `sap_customers`;

INSERT INTO `headrace`.`crm`.`account_changes` (
    `system`,
    `account`,
    `operation`,
    `name`,
    `source_order`,
    `ts`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `system`,
    `account`,
    `operation`,
    `name`,
    `source_order`,
    `ts`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `crm_account_changes__selected`;

CREATE TEMPORARY VIEW `crm_accounts__selected` AS
select
    account,
    name,
    country,
    tier,
    credit_limit
from `accounts`;

INSERT INTO `headrace`.`crm`.`accounts` (
    `account`,
    `name`,
    `country`,
    `tier`,
    `credit_limit`
)
SELECT
    `account`,
    `name`,
    `country`,
    `tier`,
    `credit_limit`
FROM `crm_accounts__selected`;

CREATE TEMPORARY VIEW `topic_crm_account_events__selected` AS
select
    account,
    name,
    tier,
    credit_limit
from `accounts`;

INSERT INTO `crm_account_events__topic` (
    `account`,
    `name`,
    `tier`,
    `credit_limit`
)
SELECT
    `account`,
    `name`,
    `tier`,
    `credit_limit`
FROM `topic_crm_account_events__selected`;

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
    'crm/accounts_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `crm_accounts__streams`
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
WHERE decoded.err_code NOT IN ('tombstone', 'bootstrap_mark');

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
    'crm/accounts_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS marked_at
FROM `crm_accounts__streams`
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
WHERE decoded.err_code IN ('tombstone', 'bootstrap_mark');

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
    'crm/accounts_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `sap_customers__streams`
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
WHERE decoded.err_code NOT IN ('tombstone', 'bootstrap_mark');

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
    'crm/accounts_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS marked_at
FROM `sap_customers__streams`
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
WHERE decoded.err_code IN ('tombstone', 'bootstrap_mark');
