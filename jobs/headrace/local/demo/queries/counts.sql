select
    count(*) as readings,
    count(distinct tag) as tags,
    min(ts) as first_ts,
    max(ts) as last_ts,
    count(*) filter (where asset is null) as unknown_tag
from historian.readings
