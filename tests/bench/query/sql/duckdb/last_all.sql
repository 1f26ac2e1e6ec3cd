with newest as (
    select
        tag,
        arg_max({'ts': ts, 'value': value, 'quality': quality}, ts) as reading
    from historian.readings
    where ts <= $until
    group by tag
)

select
    tag,
    reading.ts,
    reading.value,
    reading.quality
from newest
order by tag
