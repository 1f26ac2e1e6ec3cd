-- The strongest anomaly of each tag: a stretch of equal readings would fill a plain top ten by itself.
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
