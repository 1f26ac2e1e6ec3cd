-- How many readings have a row of scores once everything is scored that can be, one for each time of a tag, and the time
-- up to which they go: the last instants wait until each partition has a reading after them.
with ends as (
    select max(ts) as ts
    from historian.readings
    group by src_partition
),

scored_until as (
    select time_bucket(interval 10 minutes, min(ts) - interval 10 seconds) as ts
    from ends
)

select
    any_value(scored_until.ts) as ts,
    count(distinct (readings.tag, readings.ts)) as times
from historian.readings
inner join scored_until on readings.ts < scored_until.ts
where readings.ts >= $since::timestamptz
