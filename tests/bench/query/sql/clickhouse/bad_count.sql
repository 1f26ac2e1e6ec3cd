select tag, countIf(quality >= 2147483648) as value
from readings
group by tag
order by tag
