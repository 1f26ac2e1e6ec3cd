-- name: a reading is stored once, by its position in the topic
select
    src_topic,
    src_partition,
    src_offset,
    src_index,
    count(*) as copies
from historian.readings
group by all
having count(*) > 1;

-- name: a reading that is stored is no dead letter of this job
select
    readings.src_topic,
    readings.src_partition,
    readings.src_offset,
    readings.src_index,
    dead_letters.code
from historian.readings
inner join historian.dead_letters
    on
        readings.src_topic = dead_letters.src_topic
        and readings.src_partition = dead_letters.src_partition
        and readings.src_offset = dead_letters.src_offset
        and readings.src_index = dead_letters.src_index
where dead_letters.job = 'historian/readings_v1';

-- name: the quality is a StatusCode of OPC UA
-- 32 bits, of which the top two are not 11
select
    tag,
    ts,
    quality
from historian.readings
where quality is null or quality not between 0 and 3221225471;

-- name: the time is within the contract's bounds
select
    tag,
    ts,
    ingested_at
from historian.readings
where ts < timestamptz '2000-01-01 00:00:00+00' or ts > ingested_at + interval 10 minutes;

-- name: only a reading of good quality, and with a value, has a score
select
    tag,
    ts,
    value,
    quality,
    score
from historian.readings
where score is not null and (quality > 1073741823 or value is null);

-- name: an anomaly is a score beyond 3.5
select
    tag,
    ts,
    value,
    score,
    anomaly
from historian.readings
where anomaly is distinct from (abs(score) > 3.5);
