CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `machine_power__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'plant.machine.power',
    'format' = 'raw',
    'properties.group.id' = 'headrace.production.order_context_v1',
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

CREATE TEMPORARY VIEW `machine_power__streams` AS
SELECT
    `ingest_machine_power_good`(pack) AS `good`,
    `ingest_machine_power_letters`(pack) AS `letters`
FROM `machine_power__packs`;

CREATE TEMPORARY VIEW `machine_power` AS
SELECT
    `decoded`.`machine`,
    `decoded`.`power_kw`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `machine_power__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`machine` STRING, `power_kw` DOUBLE, `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `machine`,
    `power_kw`,
    `ts`,
    `quality`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY TABLE `erp_orders__packs` (
    pack BYTES
) WITH (
    'connector' = 'kafka',
    'topic' = 'erp.public.orders',
    'format' = 'raw',
    'properties.group.id' = 'headrace.production.order_context_v1',
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

CREATE TEMPORARY VIEW `erp_orders__streams` AS
SELECT
    `ingest_erp_orders_good`(pack) AS `good`,
    `ingest_erp_orders_letters`(pack) AS `letters`
FROM `erp_orders__packs`;

CREATE TEMPORARY VIEW `erp_orders` AS
SELECT
    `decoded`.`order_id`,
    `decoded`.`machine`,
    `decoded`.`product`,
    `decoded`.`starts_at`,
    `decoded`.`ends_at`,
    `decoded`.`ts`,
    `decoded`.`quality`,
    `decoded`.`src_op`,
    `decoded`.`src_order`,
    `decoded`.`src_topic`,
    `decoded`.`src_partition`,
    `decoded`.`src_offset`,
    `decoded`.`src_index`
FROM `erp_orders__streams`
CROSS JOIN LATERAL TABLE(arrow_rows(`good`, 'ROW<`order_id` STRING, `machine` STRING, `product` STRING, `starts_at` TIMESTAMP_LTZ(6), `ends_at` TIMESTAMP_LTZ(6), `ts` TIMESTAMP_LTZ(6), `quality` BIGINT, `src_op` STRING, `src_order` STRING, `src_topic` STRING NOT NULL, `src_partition` INT NOT NULL, `src_offset` BIGINT NOT NULL, `src_index` INT NOT NULL>')) AS decoded (
    `order_id`,
    `machine`,
    `product`,
    `starts_at`,
    `ends_at`,
    `ts`,
    `quality`,
    `src_op`,
    `src_order`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
);

CREATE TEMPORARY VIEW `production_order_context__selected` AS
with readings as (
    select machine, ts, power_kw, src_topic, src_partition, src_offset, src_index from `machine_power`
),

-- An order that is not closed yet may overlap with the next one: the one that began last counts.
joined as (
    select
        readings.*,
        orders.order_id,
        orders.product,
        row_number() over (
            partition by readings.src_topic, readings.src_partition, readings.src_offset, readings.src_index
            order by orders.starts_at desc
        ) as nth
    from readings
    left join (
    SELECT *
    FROM (
        SELECT
            *,
            ROW_NUMBER() OVER (PARTITION BY `order_id` ORDER BY src_rank DESC) AS nth_of_key
        FROM (
            SELECT *, CONCAT(COALESCE(src_order, ''), '/', LPAD(CAST(src_offset AS STRING), 19, '0')) AS src_rank
            FROM `erp_orders`
        )
    )
    WHERE nth_of_key = 1 AND src_op <> 'delete'
) as orders
        on
            readings.machine = orders.machine
            and readings.ts >= orders.starts_at
            and (readings.ts < orders.ends_at or orders.ends_at is null)
)

select
    machine,
    ts,
    power_kw,
    order_id,
    product,
    src_topic, src_partition, src_offset, src_index
from joined
where nth = 1;

INSERT INTO `headrace`.`production`.`order_context` (
    `machine`,
    `ts`,
    `power_kw`,
    `order_id`,
    `product`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `machine`,
    `ts`,
    `power_kw`,
    `order_id`,
    `product`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `production_order_context__selected`;

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
    'production/order_context_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `machine_power__streams`
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
    'production/order_context_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `erp_orders__streams`
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
    'production/order_context_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS marked_at
FROM `erp_orders__streams`
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
