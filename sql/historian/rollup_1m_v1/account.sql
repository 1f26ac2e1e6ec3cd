-- Of readings of one tag and time, to the millisecond, one counts; words alone are no reading.
select
    tag,
    date_trunc('minute', ts) as ts,
    count(distinct floor(epoch_us(ts) / 1000)) as readings
from readings
where value is not null or text is null
group by tag, date_trunc('minute', ts)
