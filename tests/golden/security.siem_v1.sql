CREATE CATALOG `headrace` WITH (
    'type' = 'iceberg',
    'catalog-impl' = 'org.apache.iceberg.jdbc.JdbcCatalog',
    'uri' = 'jdbc:sqlite:/headrace/local/catalog.db',
    'jdbc.schema-version' = 'V1',
    'warehouse' = 'file:///headrace/local/warehouse'
);

CREATE TEMPORARY TABLE `security_alerts__topic` (
    `computer` STRING NOT NULL,
    `ts` TIMESTAMP_LTZ(6) NOT NULL,
    `rule` STRING NOT NULL,
    `user_name` STRING,
    `command_line` STRING,
    `network` STRING,
    `watched_for` STRING,
    `headers` MAP<STRING NOT NULL, BYTES> METADATA
) WITH (
    'connector' = 'kafka',
    'topic' = 'security.alerts',
    'key.format' = 'json',
    'key.fields' = 'computer',
    'value.format' = 'json',
    'key.json.timestamp-format.standard' = 'ISO-8601',
    'value.json.timestamp-format.standard' = 'ISO-8601',
    'sink.delivery-guarantee' = 'exactly-once',
    'sink.transactional-id-prefix' = 'headrace.security.siem_v1.security.alerts',
    'properties.transaction.timeout.ms' = '900000',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}'
);

CREATE TEMPORARY TABLE `process_events__decoded` (
    payload BYTES,
    src_topic STRING NOT NULL METADATA FROM 'topic' VIRTUAL,
    src_partition INT NOT NULL METADATA FROM 'partition' VIRTUAL,
    src_offset BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
    src_ts TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
    `computer` AS `ingest_process_events_computer`(payload),
    `address` AS `ingest_process_events_address`(payload),
    `event_id` AS `ingest_process_events_event_id`(payload),
    `image` AS `ingest_process_events_image`(payload),
    `original_name` AS `ingest_process_events_original_name`(payload),
    `command_line` AS `ingest_process_events_command_line`(payload),
    `parent_image` AS `ingest_process_events_parent_image`(payload),
    `user_name` AS `ingest_process_events_user_name`(payload),
    `ts` AS `ingest_process_events_ts`(payload),
    `quality` AS `ingest_process_events_quality`(payload),
    `err_stage` AS `ingest_process_events_err_stage`(payload),
    `err_code` AS `ingest_process_events_err_code`(payload),
    `err_msg` AS `ingest_process_events_err_msg`(payload),
    src_index AS 0,
    event_time AS COALESCE(
        CAST(CAST(`ingest_process_events_ts`(payload) AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)), src_ts
    ),
    src_high_water AS `ingest_process_events_src_high_water`(payload, src_partition),
    WATERMARK FOR event_time AS CAST(CAST(src_high_water AS TIMESTAMP_LTZ(6)) AS TIMESTAMP_LTZ(3)) - INTERVAL '1' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'security.process_events',
    'format' = 'raw',
    'properties.group.id' = 'headrace.security.siem_v1',
    'properties.isolation.level' = 'read_committed',
    'properties.fetch.max.bytes' = '16777216',
    'properties.max.partition.fetch.bytes' = '1048576',
    'properties.headrace.max.bytes' = '1048576',
    'properties.bootstrap.servers' = '${file:/headrace/local/kafka}',
    'scan.startup.mode' = 'group-offsets',
    'properties.auto.offset.reset' = 'none',
    'scan.topic-partition-discovery.interval' = '10 s'
);

CREATE TEMPORARY VIEW `process_events` AS
SELECT
    `decoded`.`computer`,
    `decoded`.`address`,
    `decoded`.`event_id`,
    `decoded`.`image`,
    `decoded`.`original_name`,
    `decoded`.`command_line`,
    `decoded`.`parent_image`,
    `decoded`.`user_name`,
    CAST(`decoded`.`ts` AS TIMESTAMP_LTZ(6)) AS `ts`,
    `decoded`.`quality`,
    decoded.event_time,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index
FROM `process_events__decoded` AS decoded
WHERE decoded.err_code IS NULL;

CREATE TEMPORARY VIEW `process_events__on_time` AS
SELECT *
FROM `process_events`
WHERE CURRENT_WATERMARK(event_time) IS NULL OR event_time > CURRENT_WATERMARK(event_time);

-- view alerts
-- Rules are those of Sigma, which compares texts without case. Where it takes any dash or slash, `dashed` has a dash.
with events as (
    select
        *,
        regexp_extract(lower(image), '([^\\]+)$', 1) as program,
        lower(original_name) as original,
        lower(command_line) as line,
        regexp_replace(lower(command_line), '[/–—―]', '-') as dashed,
        address_number(address) as address_number
    from `process_events__on_time`
    where event_id = 1
),

judged as (
    select
        *,
        'certutil.exe' in (program, original) and regexp(dashed, '-decode(hex)? ') as certutil_decode,
        'certutil.exe' in (program, original) and regexp(dashed, '-encode') as certutil_encode,
        'certutil.exe' in (program, original)
        and regexp(line, 'urlcache |verifyctl |url ') and regexp(line, 'http') as certutil_download,
        'bitsadmin.exe' in (program, original)
        and (regexp(line, ' /transfer ') or (regexp(line, ' /create | /addfile ') and regexp(line, 'http')))
            as bitsadmin_download,
        'curl.exe' in (program, original)
        and (regexp(command_line, '\s-k\s') or regexp(line, '--insecure')) as curl_insecure_connection,
        (program in ('find.exe', 'findstr.exe') or original in ('find.exe', 'findstr.exe'))
        and regexp(line, 'cpassword') and regexp(line, '\\sysvol\\') and regexp(line, '[.]xml')
            as findstr_gpp_passwords,
        program = 'gpresult.exe' and regexp(line, '/[zv]') as gpresult_execution,
        'finger.exe' in (program, original) as finger_execution,
        'cmdkey.exe' in (program, original) and regexp(dashed, ' -l') as cmdkey_recon,
        'wmic.exe' in (program, original) and regexp(line, ' qfe') as wmic_recon_hotfix,
        'sc.exe' in (program, original) and regexp(line, ' stop ') as sc_stop_service,
        'clip.exe' in (program, original) as clip_execution
    from events
),

hits as (
    select *
    from (
    SELECT
        unpivot__input.*,
        ARRAY[CAST('certutil_decode' AS STRING), CAST('certutil_encode' AS STRING), CAST('certutil_download' AS STRING), CAST('bitsadmin_download' AS STRING), CAST('curl_insecure_connection' AS STRING), CAST('findstr_gpp_passwords' AS STRING), CAST('gpresult_execution' AS STRING), CAST('finger_execution' AS STRING), CAST('cmdkey_recon' AS STRING), CAST('wmic_recon_hotfix' AS STRING), CAST('sc_stop_service' AS STRING), CAST('clip_execution' AS STRING)][unpivot__cell.unpivot__n] AS `rule`,
        unpivot__cell.unpivot__value AS `is_met`
    FROM `judged` AS unpivot__input
    CROSS JOIN UNNEST(ARRAY[unpivot__input.`certutil_decode`, unpivot__input.`certutil_encode`, unpivot__input.`certutil_download`, unpivot__input.`bitsadmin_download`, unpivot__input.`curl_insecure_connection`, unpivot__input.`findstr_gpp_passwords`, unpivot__input.`gpresult_execution`, unpivot__input.`finger_execution`, unpivot__input.`cmdkey_recon`, unpivot__input.`wmic_recon_hotfix`, unpivot__input.`sc_stop_service`, unpivot__input.`clip_execution`]) WITH ORDINALITY AS unpivot__cell (unpivot__value, unpivot__n)
    WHERE unpivot__cell.unpivot__value IS NOT NULL
)
    where is_met
),

first_hits as (
    select * from (
    SELECT *
    FROM (
        SELECT
            *,
            once__id = FIRST_VALUE(once__id) OVER (
                PARTITION BY `computer`, `rule`, once__span
                ORDER BY `event_time` RANGE BETWEEN INTERVAL '10' MINUTE PRECEDING AND CURRENT ROW
            ) AS first_of_span
        FROM (
            SELECT
                *,
                CONCAT_WS('/', CAST(`src_topic` AS STRING), CAST(`src_partition` AS STRING), CAST(`src_offset` AS STRING), CAST(`src_index` AS STRING)) AS once__id,
                (EXTRACT(EPOCH FROM `event_time`) * 1000 + EXTRACT(MILLISECOND FROM `event_time`)) / 600000 AS once__span
            FROM `hits`
        )
    )
    WHERE first_of_span
)
),

rated as (
    select * from (
    SELECT
        look_up__input.*,
        `look_up_security_rules_2dcf712f_level`(`look_up__input`.`rule`) AS `level`
    FROM `first_hits` AS look_up__input
)
),

placed as (
    select *
    from (
    SELECT
        look_up__input.*,
        `look_up_security_networks_90f0eac8_network`(COALESCE(`look_up__input`.`address_number`, -9223372036854775807)) AS `network`,
        `look_up_security_networks_90f0eac8_zone`(COALESCE(`look_up__input`.`address_number`, -9223372036854775807)) AS `zone`
    FROM `rated` AS look_up__input
)
)

select * from (
    SELECT
        look_up__input.*,
        `look_up_security_watch_list_ff26736d_reason`(`look_up__input`.`user_name`) AS `watched_for`
    FROM `placed` AS look_up__input
);

CREATE TEMPORARY VIEW `security_alerts__selected` AS
select
    computer,
    ts,
    rule,
    level,
    user_name,
    command_line,
    network,
    zone,
    watched_for,
    src_topic, src_partition, src_offset, src_index
from `alerts`;

INSERT INTO `headrace`.`security`.`alerts` (
    `computer`,
    `ts`,
    `rule`,
    `level`,
    `user_name`,
    `command_line`,
    `network`,
    `zone`,
    `watched_for`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
)
SELECT
    `computer`,
    `ts`,
    `rule`,
    `level`,
    `user_name`,
    `command_line`,
    `network`,
    `zone`,
    `watched_for`,
    `src_topic`,
    `src_partition`,
    `src_offset`,
    `src_index`
FROM `security_alerts__selected`;

CREATE TEMPORARY VIEW `topic_security_alerts__selected` AS
select
    computer,
    ts,
    rule,
    level,
    user_name,
    command_line,
    network,
    zone,
    watched_for
from `alerts`;

INSERT INTO `security_alerts__topic` (
    `computer`,
    `ts`,
    `rule`,
    `user_name`,
    `command_line`,
    `network`,
    `watched_for`,
    `headers`
)
SELECT
    `computer`,
    `ts`,
    `rule`,
    `user_name`,
    `command_line`,
    `network`,
    `watched_for`,
    MAP[
        'level', CAST(CAST(`level` AS STRING) AS BYTES),
        'zone', CAST(CAST(`zone` AS STRING) AS BYTES)
    ] AS `headers`
FROM `topic_security_alerts__selected`;

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
    'security/siem_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS dead_at
FROM `process_events__decoded` AS decoded
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
    `decoded`.`computer` AS `key`,
    CAST(decoded.ts AS TIMESTAMP_LTZ(6)) AS ts,
    CAST(CURRENT_WATERMARK(decoded.event_time) AS TIMESTAMP_LTZ(6)) AS `watermark`,
    decoded.src_topic,
    decoded.src_partition,
    decoded.src_offset,
    decoded.src_index,
    CAST(decoded.src_ts AS TIMESTAMP_LTZ(6)) AS src_ts,
    'security/siem_v1' AS job,
    1 AS version,
    CURRENT_TIMESTAMP AS late_at
FROM `process_events__decoded` AS decoded
WHERE decoded.err_code IS NULL AND decoded.event_time <= CURRENT_WATERMARK(decoded.event_time);
