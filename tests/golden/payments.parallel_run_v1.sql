CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `card_payments__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `card` AS `ingest_card_payments_card`(payload),
    `payment` AS `ingest_card_payments_payment`(payload),
    `amount` AS `ingest_card_payments_amount`(payload),
    `device` AS `ingest_card_payments_device`(payload),
    `latitude` AS `ingest_card_payments_latitude`(payload),
    `longitude` AS `ingest_card_payments_longitude`(payload),
    `ts` AS `ingest_card_payments_ts`(payload),
    `quality` AS `ingest_card_payments_quality`(payload),
    `err_stage` AS `ingest_card_payments_err_stage`(payload),
    `err_code` AS `ingest_card_payments_err_code`(payload),
    `err_msg` AS `ingest_card_payments_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_card_payments_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_card_payments_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '30' SECOND
) WITH (
    'connector' = 'kafka',
    'topic' = 'payments.requests',
    'format' = 'raw',
    'properties.group.id' = 'headrace.payments.parallel_run_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `card_payments` AS
SELECT
    `decoded`.`card`,
    `decoded`.`payment`,
    `decoded`.`amount`,
    `decoded`.`device`,
    `decoded`.`latitude`,
    `decoded`.`longitude`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `card_payments__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `card_payments__on_time` AS
SELECT *
FROM `card_payments`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

-- view verdicts
-- Each payment once, with the verdict of both rules.
with asked as (
    select * from `card_payments__on_time`
),

payments as (
    select * from (
    SELECT *
    FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY `card`, `payment` ORDER BY `event_time` ASC) AS nth_of_key
        FROM `asked`
    )
    WHERE nth_of_key = 1
)
),

counted as (
    select
        *,
        count(*) over (
            partition by card order by event_time range between interval '10' minute preceding and current row
        ) as payments_10m
    from payments
),

usual as (
    select
        *,
        (sum(amount) over month_of_card - amount) / nullif(count(*) over month_of_card - 1, 0) as usual_amount
    from counted
    window month_of_card as (
        partition by card order by event_time range between interval '30' day preceding and current row
    )
)

select
    card,
    payment,
    ts,
    amount,
    payments_10m,
    usual_amount,
    amount > 500.0E0 or payments_10m > 4 as old_refuses,
    coalesce(amount > 100.0E0 and amount > 4.0E0 * usual_amount, false)
    or payments_10m > 5 as new_refuses,
    event_time
from usual;

CREATE TEMPORARY VIEW `payments_differences__selected` AS
select
    card,
    payment,
    ts,
    amount,
    payments_10m,
    usual_amount,
    case when old_refuses then 'old' else 'new' end as refused_by
from `verdicts`
where old_refuses <> new_refuses;

INSERT INTO `headrace`.`payments`.`differences` (
    `card`,
    `payment`,
    `ts`,
    `amount`,
    `refused_by`,
    `payments_10m`,
    `usual_amount`
)
SELECT
    `card`,
    `payment`,
    `ts`,
    `amount`,
    `refused_by`,
    `payments_10m`,
    `usual_amount`
FROM `payments_differences__selected`;

CREATE TEMPORARY VIEW `payments_verdicts__selected` AS
with verdicts as (
    select * from `verdicts`
)

select
    window_start as ts,
    count(*) as payments,
    count(*) filter (where old_refuses and new_refuses) as refused_by_both,
    count(*) filter (where old_refuses and not new_refuses) as only_old,
    count(*) filter (where new_refuses and not old_refuses) as only_new,
    coalesce(sum(amount) filter (where old_refuses and not new_refuses), 0) as amount_only_old,
    coalesce(sum(amount) filter (where new_refuses and not old_refuses), 0) as amount_only_new
from TABLE(TUMBLE(TABLE `verdicts`, DESCRIPTOR(`event_time`), INTERVAL '1' DAY))
group by window_start, window_end;

INSERT INTO `headrace`.`payments`.`verdicts` (
    `ts`,
    `payments`,
    `refused_by_both`,
    `only_old`,
    `only_new`,
    `amount_only_old`,
    `amount_only_new`
)
SELECT
    `ts`,
    `payments`,
    `refused_by_both`,
    `only_old`,
    `only_new`,
    `amount_only_old`,
    `amount_only_new`
FROM `payments_verdicts__selected`;

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
    'payments/parallel_run_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `card_payments__decoded` AS decoded
WHERE decoded.err_code IS NOT NULL;

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
    `decoded`.`card` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'payments/parallel_run_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `card_payments__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
