-- name: a tag's hour is told of once
select
    tag,
    window_end,
    count(*) as copies
from condition.spikes
group by all
having count(*) > 1;

-- name: a window is an hour that starts at a whole five minutes
select
    tag,
    window_start,
    window_end
from condition.spikes
where
    window_end <> window_start + interval 1 hour
    or window_start <> time_bucket(interval 5 minutes, window_start);

-- name: there are more than ten spikes, and no more than readings
select
    tag,
    window_end,
    spikes,
    readings
from condition.spikes
where spikes <= 10 or spikes > readings;

-- name: the average is above 100
select
    tag,
    window_end,
    average
from condition.spikes
where average <= 100;
