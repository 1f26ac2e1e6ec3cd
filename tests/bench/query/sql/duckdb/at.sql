with good as (
    select
        ts,
        value
    from historian.readings
    where tag = $tag and ts >= $since and ts < $until and quality < 1073741824
),

moments as (select unnest($moments::timestamptz[]) as ts)

select
    $tag as tag,
    moments.ts,
    case
        when behind.ts is null or behind.ts = before.ts then before.value
        else
            before.value + (behind.value - before.value)
            * ((epoch_us(moments.ts) - epoch_us(before.ts)) / (epoch_us(behind.ts) - epoch_us(before.ts)))
    end as value
from moments
asof inner join good as before on moments.ts >= before.ts
asof left join good as behind on moments.ts <= behind.ts
order by moments.ts
