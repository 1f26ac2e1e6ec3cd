select
    tag,
    started_at,
    ended_at,
    peak_score,
    cause
from condition.anomaly_events
where model = $model
order by started_at, tag
