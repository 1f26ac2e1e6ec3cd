-- Of readings of one tag and time, to the millisecond, the one that came last is the reading; words alone are none.
with times as (
    select
        tag,
        date_trunc('minute', ts) as ts,
        last(
            value is not null or text is null
            order by ingested_at, src_partition, src_offset, src_index
        ) as is_reading
    from readings
    group by tag, date_trunc('minute', ts), epoch_ms(ts)
)

select
    tag,
    ts,
    count(*) as readings
from times
where is_reading
group by tag, ts
