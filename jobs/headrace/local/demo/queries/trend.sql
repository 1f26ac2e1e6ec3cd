select
    ts,
    value,
    score,
    coalesce(anomaly, false) as anomaly
from historian.readings
where tag = $tag and ts >= $since::timestamptz and ts < $until::timestamptz
order by ts
