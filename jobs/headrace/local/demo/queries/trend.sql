-- One row per reading of a tag, with what the model expects of it, where it does.
select
    readings.ts,
    readings.value,
    scores.low,
    scores.high
from historian.readings
left join condition.scores
    on
        readings.tag = scores.tag
        and readings.ts = scores.ts
        and scores.model = $model
where
    readings.tag = $tag
    and readings.ts >= $since::timestamptz
    and readings.ts < $until::timestamptz
order by readings.ts
