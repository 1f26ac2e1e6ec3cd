select
    ts,
    value
from historian.readings
where tag = $tag and ts >= $since::timestamptz and ts < $until::timestamptz
order by ts
