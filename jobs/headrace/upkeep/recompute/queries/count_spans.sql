-- How many readings of each window's length there are, from the first time on and before the last.
select
    time_bucket($length, ts, timestamptz '1970-01-01 00:00:00+00') as ts,
    count(*) as readings
from stored
where ts >= $first and ts < $last
group by all
order by all
