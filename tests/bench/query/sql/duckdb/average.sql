select
    tag,
    time_bucket(interval '1 minute', ts) as ts,
    avg(value) as value
from historian.readings
where tag = $tag and ts >= $since and ts < $until and quality < 1073741824
group by all
order by ts
