-- Readings that came too late for the job, so that they have no row of scores: a busy machine reads some partitions more
-- slowly than others.
select count(distinct (late_readings.key, late_readings.ts)) as late
from historian.late_readings
anti join condition.scores
    on
        late_readings.key = scores.tag
        and late_readings.ts = scores.ts
        and scores.model = $model
where
    late_readings.job = $job
    and late_readings.ts >= $since::timestamptz
    and late_readings.ts < $until::timestamptz
