select
    tag,
    ts,
    value,
    quality
from historian.readings
where tag = $tag and ts <= $until
order by ts desc
limit 1
