select tag, reading.1 as ts, reading.2 as value, reading.3 as quality
from (
    select tag, argMax(tuple(readings.ts, value, quality), readings.ts) as reading
    from readings
    where ts <= {until:DateTime64(6, 'UTC')}
    group by tag
)
order by tag
