-- The strongest anomaly of each tag: in a plain top ten, one stretch of equal readings would take every place.
select
    tag,
    max_by(ts, abs(score)) as ts,
    max_by(value, abs(score)) as value,
    any_value(unit) as unit,
    max_by(score, abs(score)) as score,
    count(*) as anomalies
from historian.readings
where anomaly
group by tag
order by abs(max_by(score, abs(score))) desc
limit 10
