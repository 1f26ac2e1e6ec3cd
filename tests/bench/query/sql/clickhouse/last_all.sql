-- Sorted like the table: argMax of a tuple takes more than twice as long.
select tag, ts, value, quality
from readings
where ts <= {until:DateTime64(6, 'UTC')}
order by tag desc, ts desc
limit 1 by tag
