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
    'properties.group.id' = 'headrace.payments.fraud_v1',
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

-- view payments
-- A terminal that gets no answer asks again: each payment counts once.
with asked as (
    select * from `card_payments__on_time`
)

select
    card,
    payment,
    ts,
    amount,
    device,
    latitude,
    longitude,
    event_time
from (
    SELECT *
    FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY `card`, `payment` ORDER BY `event_time` ASC) AS nth_of_key
        FROM `asked`
    )
    WHERE nth_of_key = 1
);

CREATE TEMPORARY VIEW `payments_alerts__selected` AS
with payments as (
    select * from `payments`
),

velocity as (
    select
        *,
        cast(count(*) over (
            partition by card order by event_time range between interval '10' minute preceding and current row
        ) as double) as payments_10m
    from payments
),

placed as (
    select
        *,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`ts`) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as from_ts,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`latitude`) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as from_latitude,
        (CASE WHEN COUNT(*) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = 2 THEN (ARRAY_AGG(`longitude`) OVER (PARTITION BY `card` ORDER BY `event_time` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))[1] END) as from_longitude
    from payments
    where latitude is not null and longitude is not null
),

travelled as (
    select
        *,
        (12742.0176E0 * ASIN(SQRT(LEAST(1.0E0, POWER(SIN(RADIANS(`latitude` - `from_latitude`) / 2), 2) + COS(RADIANS(`from_latitude`)) * COS(RADIANS(`latitude`)) * POWER(SIN(RADIANS(`longitude` - `from_longitude`) / 2), 2))))) as km,
        greatest(timestampdiff(second, from_ts, ts), 60) / 3600e0 as hours
    from placed
),

usual as (
    select
        *,
        sum(amount) over month_of_card - amount as amount_before,
        count(*) over month_of_card - 1 as payments_before
    from payments
    window month_of_card as (
        partition by card order by event_time range between interval '30' day preceding and current row
    )
),

devices as (
    select
        *,
        count(*) over (
            partition by card, device order by event_time range between interval '30' day preceding and current row
        ) as payments_of_device,
        amount / nullif(amount_before / nullif(payments_before, 0), 0) as times_usual
    from usual
    where device is not null
)

select
    card,
    payment,
    ts,
    'velocity' as rule,
    amount,
    payments_10m as found
from velocity
where payments_10m > 5
union all
select
    card,
    payment,
    ts,
    'travel' as rule,
    amount,
    km / hours as found
from travelled
where km > 50.0E0 and km / hours > 1000.0E0
union all
select
    card,
    payment,
    ts,
    'device' as rule,
    amount,
    times_usual as found
from devices
where payments_of_device = 1 and times_usual > 4.0E0;

INSERT INTO `headrace`.`payments`.`alerts` (
    `card`,
    `payment`,
    `ts`,
    `rule`,
    `amount`,
    `found`
)
SELECT
    `card`,
    `payment`,
    `ts`,
    `rule`,
    `amount`,
    `found`
FROM `payments_alerts__selected`;

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
    'payments/fraud_v1' AS job,
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
    'payments/fraud_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `card_payments__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
