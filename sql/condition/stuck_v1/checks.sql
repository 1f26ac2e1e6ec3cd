-- name: each time that a tag is stuck, or silent, is told once
select
    tag,
    kind,
    since,
    count(*) as times
from condition.sensor_faults
group by all
having count(*) > 1;

-- name: a fault is known after it began
select
    tag,
    kind,
    since,
    detected_at
from condition.sensor_faults
where detected_at <= since;

-- name: a tag is silent from one reading to the next, and told of it in between
with silences as (
    select
        tag,
        since,
        detected_at,
        lead(since) over (partition by tag order by since) as next_since
    from condition.sensor_faults
    where kind = 'silent'
)

select
    tag,
    since,
    detected_at,
    next_since
from silences
where next_since <= detected_at;
