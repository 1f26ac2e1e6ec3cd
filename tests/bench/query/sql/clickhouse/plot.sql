-- The first, last, lowest and highest reading that is not bad, and the first of the worst quality.
with
    placed as (
        select
            tag,
            ts,
            quality,
            if(quality < 2147483648, value, null) as shown,
            bitShiftRight(quality, 30) as severity,
            intDiv(toUnixTimestamp64Micro(ts) - toUnixTimestamp64Micro({since:DateTime64(6, 'UTC')}), {width:Int64})
                as pixel
        from readings
        where
            tag in ({tag:String}, {tag_2:String}, {tag_3:String}, {tag_4:String}, {tag_5:String})
            and ts >= {since:DateTime64(6, 'UTC')} and ts < {until:DateTime64(6, 'UTC')}
    ),
    drawn as (
        select
            tag,
            arrayJoin([
                minIf(toNullable(ts), shown is not null),
                maxIf(toNullable(ts), shown is not null),
                argMinIf(toNullable(ts), tuple(shown, ts), shown is not null),
                argMinIf(toNullable(ts), tuple(-shown, ts), shown is not null),
                argMinIf(toNullable(ts), tuple(-toInt32(severity), ts), severity > 0)
            ]) as ts
        from placed
        group by tag, pixel
    )
select distinct tag, ts, shown as value, quality
from placed
where (tag, ts) in (select tag, ts from drawn where ts is not null)
order by tag, ts
