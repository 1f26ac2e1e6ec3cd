select tag, ts, value, quality
from readings
where tag = {tag:String} and ts <= {until:DateTime64(6, 'UTC')}
order by tag desc, ts desc
limit 1
