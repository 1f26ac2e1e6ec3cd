-- The value runs in a line from a good reading to the next if that is good, and is else held until it; the last is held
-- for 1 ms.
-- A minute with nothing but held values has no value.
with
    readings_of_tag as (
        select
            tag,
            toUnixTimestamp64Micro(ts) as us,
            if(quality < 1073741824, value, null) as usable
        from readings
        where tag = {tag:String} and ts >= {since:DateTime64(6, 'UTC')} and ts < {until:DateTime64(6, 'UTC')}
    ),
    followed as (
        select
            tag,
            usable,
            us as low,
            ifNull(leadInFrame(toNullable(us)) over whole, us + 1000) as high,
            leadInFrame(usable) over whole as next_value
        from readings_of_tag
        window whole as (order by us rows between unbounded preceding and unbounded following)
    ),
    pieces as (
        select *, arrayJoin(range(intDiv(low, 60000000), intDiv(high - 1, 60000000) + 1)) as minute
        from followed
        where usable is not null
    ),
    areas as (
        select
            tag,
            minute,
            next_value is not null as line,
            greatest(low, minute * 60000000) as begins,
            least(high, (minute + 1) * 60000000) as ends,
            (usable + (ifNull(next_value, usable) - usable) * (((begins + ends) / 2 - low) / (high - low))) * (ends - begins) as area
        from pieces
    )
select tag, fromUnixTimestamp64Micro(minute * 60000000, 'UTC') as ts, sum(area) / sum(ends - begins) as value
from areas
group by tag, minute
having max(line)
order by minute
