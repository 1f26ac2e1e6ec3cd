select
    strftime(ts, '%Y-%m') as month,
    tag,
    none_because as reason,
    count(*) as readings
from condition.scores
where model = $model and ts >= $since::timestamptz and ts < $until::timestamptz
group by all
