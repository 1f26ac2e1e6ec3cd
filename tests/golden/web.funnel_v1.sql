CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `web_events__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `visitor` AS `ingest_web_events_visitor`(payload),
    `event` AS `ingest_web_events_event`(payload),
    `action` AS `ingest_web_events_action`(payload),
    `page` AS `ingest_web_events_page`(payload),
    `channel` AS `ingest_web_events_channel`(payload),
    `amount` AS `ingest_web_events_amount`(payload),
    `ts` AS `ingest_web_events_ts`(payload),
    `quality` AS `ingest_web_events_quality`(payload),
    `err_stage` AS `ingest_web_events_err_stage`(payload),
    `err_code` AS `ingest_web_events_err_code`(payload),
    `err_msg` AS `ingest_web_events_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_web_events_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_web_events_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '10' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'web.events',
    'format' = 'raw',
    'properties.group.id' = 'headrace.web.funnel_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `web_events` AS
SELECT
    `decoded`.`visitor`,
    `decoded`.`event`,
    `decoded`.`action`,
    `decoded`.`page`,
    `decoded`.`channel`,
    `decoded`.`amount`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `web_events__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `web_events__on_time` AS
SELECT *
FROM `web_events`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

CREATE TEMPORARY VIEW `web_funnel__selected` AS
with events as (
    select * from `web_events__on_time`
),

reached as (
    select * from (
    SELECT *, TO_TIMESTAMP_LTZ(CASE funnel_step WHEN 1 THEN `funnel__1` WHEN 2 THEN `funnel__2` WHEN 3 THEN `funnel__3` END, 3) AS funnel_start
    FROM (
        SELECT
            *,
            CASE
                WHEN `action` = 'view' THEN 1
                WHEN `action` = 'cart' AND funnel__ms - `funnel__1` <= 7200000 THEN 2
                WHEN `action` = 'pay' AND funnel__ms - `funnel__2` <= 7200000 THEN 3
            END AS funnel_step
        FROM
        (
            SELECT *, LAST_VALUE(CASE WHEN `action` = 'pay' AND funnel__ms - `funnel__2` <= 7200000 THEN `funnel__2` END) OVER (
                PARTITION BY `visitor` ORDER BY `event_time` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS `funnel__3`
            FROM
        (
            SELECT *, LAST_VALUE(CASE WHEN `action` = 'cart' AND funnel__ms - `funnel__1` <= 7200000 THEN `funnel__1` END) OVER (
                PARTITION BY `visitor` ORDER BY `event_time` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS `funnel__2`
            FROM
        (
            SELECT *, LAST_VALUE(CASE WHEN `action` = 'view' THEN funnel__ms END) OVER (
                PARTITION BY `visitor` ORDER BY `event_time` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS `funnel__1`
            FROM
            (
                SELECT
                    *,
                    EXTRACT(EPOCH FROM `event_time`) * 1000 + EXTRACT(MILLISECOND FROM `event_time`) AS funnel__ms
                FROM `events`
            )
        )
        )
        )
    )
    WHERE funnel_step IS NOT NULL
)
)

select
    window_start as ts,
    funnel_step as step,
    count(distinct visitor) as visitors
from TABLE(TUMBLE(TABLE `reached`, DESCRIPTOR(`event_time`), INTERVAL '1' DAY))
group by window_start, window_end, funnel_step;

INSERT INTO `headrace`.`web`.`funnel` (
    `ts`,
    `step`,
    `visitors`
)
SELECT
    `ts`,
    `step`,
    `visitors`
FROM `web_funnel__selected`;

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
    'web/funnel_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `web_events__decoded` AS decoded
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
    `decoded`.`visitor` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'web/funnel_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `web_events__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
