select
    tag,
    ts,
    value,
    quality
from historian.readings
where tag = $tag and ts >= $since and ts < $until
order by ts
