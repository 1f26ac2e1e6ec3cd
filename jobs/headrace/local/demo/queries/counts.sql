select
    count(*) as readings,
    count(distinct tag) as tags,
    min(ts) as first_ts,
    max(ts) as last_ts,
    count(score) as scored,
    count(*) filter (where anomaly) as anomalies,
    count(*) filter (where asset is null) as unknown_tag
from historian.readings
