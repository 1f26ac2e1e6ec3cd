-- The value runs in a line from a good reading to the next if that is good, and is else held until it; the last is held
-- for 1 ms.
-- A minute with nothing but held values has no value.
with readings as (
    select
        tag,
        epoch_us(ts) as us,
        case when quality < 1073741824 then value end as value
    from historian.readings
    where tag = $tag and ts >= $since and ts < $until
),

followed as (
    select
        tag,
        value,
        us as low,
        coalesce(lead(us) over (order by us), us + 1000) as high,
        lead(value) over (order by us) as next_value
    from readings
),

pieces as (
    select
        *,
        unnest(range(low // 60000000, (high - 1) // 60000000 + 1)) as minute
    from followed
    where value is not null
),

clipped as (
    select
        *,
        greatest(low, minute * 60000000) as begins,
        least(high, (minute + 1) * 60000000) as ends
    from pieces
),

areas as (
    select
        tag,
        minute,
        next_value is not null as line,
        ends - begins as width,
        (value + (coalesce(next_value, value) - value) * (((begins + ends) / 2 - low) / (high - low))) * (ends - begins) as area
    from clipped
)

select
    tag,
    make_timestamptz(minute * 60000000) as ts,
    sum(area) / sum(width) as value
from areas
group by tag, minute
having bool_or(line)
order by ts
