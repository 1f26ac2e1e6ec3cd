-- The first, last, lowest and highest reading that is not bad, and the first of the worst quality.
with placed as (
    select
        tag,
        ts,
        quality,
        case when quality < 2147483648 then value end as value,
        quality >> 30 as severity,
        (epoch_us(ts) - epoch_us($since::timestamptz)) // $width as pixel
    from historian.readings
    where tag in ($tag, $tag_2, $tag_3, $tag_4, $tag_5) and ts >= $since and ts < $until
),

drawn as (
    select
        tag,
        unnest([
            min(ts) filter (value is not null),
            max(ts) filter (value is not null),
            arg_min(ts, (value, ts)) filter (value is not null),
            arg_min(ts, (-value, ts)) filter (value is not null),
            arg_min(ts, (-severity::integer, ts)) filter (severity > 0)
        ]) as ts
    from placed
    group by tag, pixel
)

select distinct
    placed.tag,
    placed.ts,
    placed.value,
    placed.quality
from placed
inner join drawn on placed.tag = drawn.tag and placed.ts = drawn.ts
order by placed.tag, placed.ts
