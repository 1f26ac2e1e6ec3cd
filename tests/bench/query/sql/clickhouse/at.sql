with
    good as (
        select tag, ts, value
        from readings
        where
            tag = {tag:String} and ts >= {since:DateTime64(6, 'UTC')} and ts < {until:DateTime64(6, 'UTC')}
            and quality < 1073741824
    ),
    moments as (
        select {tag:String} as tag, arrayJoin({moments:Array(DateTime64(6, 'UTC'))}) as ts
    ),
    begun as (
        select moments.tag as tag, moments.ts as ts, good.ts as before_ts, good.value as before
        from moments
        asof inner join good on moments.tag = good.tag and moments.ts >= good.ts
    )
select
    begun.tag as tag,
    begun.ts as ts,
    if(
        behind.ts <= before_ts,
        before,
        before + (behind.value - before)
        * ((toUnixTimestamp64Micro(begun.ts) - toUnixTimestamp64Micro(before_ts))
        / (toUnixTimestamp64Micro(behind.ts) - toUnixTimestamp64Micro(before_ts)))
    ) as value
from begun
asof left join good as behind on begun.tag = behind.tag and begun.ts <= behind.ts
order by ts
