-- The events of anomalies with what people say of them. Any DuckDB from 1.5 on that has the tables
-- condition.anomaly_events and condition.anomaly_notes can load this file:
--
--     from condition.current_events where not acknowledged order by started_at desc
--
-- A note belongs to the events of its tag that contain its started_at, give or take an hour, whatever the version of
-- the model: another version may see the same event begin later. Two events of a version are more than an hour apart,
-- so a note belongs to at most one of them. Of several notes, the last one that says something counts; an empty note
-- removes the one before.
--
-- An open event is stale if its last anomaly is more than a day ago: its job would have ended it an hour after that, so
-- the job does not run, or gets no readings.

create or replace view condition.current_events as
with said as (
    select
        events.model,
        events.tag,
        events.started_at,
        arg_max(notes.acknowledged, notes.noted_at) filter (where notes.acknowledged is not null) as acknowledged,
        arg_max(notes.noted_by, notes.noted_at) filter (where notes.acknowledged is not null) as acknowledged_by,
        max(notes.noted_at) filter (where notes.acknowledged is not null) as acknowledged_at,
        nullif(arg_max(notes.note, notes.noted_at) filter (where notes.note is not null), '') as note,
        arg_max(notes.noted_by, notes.noted_at) filter (where notes.note is not null) as noted_by,
        max(notes.noted_at) filter (where notes.note is not null) as noted_at
    from condition.anomaly_events as events
    inner join condition.anomaly_notes as notes
        on
            events.tag = notes.tag
            and notes.started_at >= events.started_at - interval '1 hour'
            and notes.started_at <= events.ended_at + interval '1 hour'
    group by events.model, events.tag, events.started_at
)

select
    events.tag,
    events.started_at,
    events.ended_at,
    events.peak_at,
    events.peak_score,
    events.cause,
    events.related,
    case when events.state = 'open' and events.ended_at < now() - interval '1 day' then 'stale' else events.state end
        as state,
    events.suppressed_by,
    events.model,
    coalesce(said.acknowledged, false) as acknowledged,
    case when said.acknowledged then said.acknowledged_by end as acknowledged_by,
    case when said.acknowledged then said.acknowledged_at end as acknowledged_at,
    said.note,
    case when said.note is not null then said.noted_by end as noted_by,
    case when said.note is not null then said.noted_at end as noted_at
from condition.anomaly_events as events
left join said
    on
        events.model = said.model
        and events.tag = said.tag
        and events.started_at = said.started_at;
