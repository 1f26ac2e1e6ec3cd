-- name: the events of a tag follow each other
with events as (
    select
        tag,
        started_at,
        ended_at,
        lead(started_at) over (partition by tag order by started_at, ended_at) as next_started_at
    from condition.events
)

select
    tag,
    started_at,
    ended_at,
    next_started_at
from events
where next_started_at <= ended_at;

-- name: the highest reading is in its event, and the mean is not above it
select
    tag,
    started_at,
    ended_at,
    max_at,
    max_value,
    mean_value
from condition.events
where max_at not between started_at and ended_at or mean_value > max_value + abs(max_value) * 1e-12;

-- name: the duration is that from its start to its end
select
    tag,
    started_at,
    ended_at,
    duration_s
from condition.events
where abs(duration_s * 1e6 - (epoch_us(ended_at) - epoch_us(started_at))) > 1;

-- name: an event has readings, and one alone lasts until another ends it
select
    tag,
    started_at,
    ended_at,
    readings,
    closed_by
from condition.events
where readings < 1 or (closed_by = 'gap' and (readings = 1) != (started_at = ended_at));
