select tag, ts, value, quality
from readings
where tag = {tag:String} and ts >= {since:DateTime64(6, 'UTC')} and ts < {until:DateTime64(6, 'UTC')}
order by ts
