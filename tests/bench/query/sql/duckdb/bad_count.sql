select
    tag,
    count(*) filter (quality >= 2147483648) as value
from historian.readings
group by tag
order by tag
