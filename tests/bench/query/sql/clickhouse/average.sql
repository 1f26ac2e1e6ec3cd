select tag, toDateTime64(toStartOfMinute(ts), 6, 'UTC') as minute, avg(value) as value
from readings
where
    tag = {tag:String} and ts >= {since:DateTime64(6, 'UTC')} and ts < {until:DateTime64(6, 'UTC')}
    and quality < 1073741824
group by tag, minute
order by minute
