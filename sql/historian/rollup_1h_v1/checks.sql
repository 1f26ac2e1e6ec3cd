-- name: a tag has one row an hour
select
    tag,
    ts,
    count(*) as copies
from historian.rollup_1h
group by all
having count(*) > 1;

-- name: a row stands at the start of an hour
select
    tag,
    ts
from historian.rollup_1h
where ts <> date_trunc('hour', ts);

-- name: there are no more good readings than readings, and there is a reading
select
    tag,
    ts,
    readings,
    good_readings
from historian.rollup_1h
where readings < 1 or good_readings not between 0 and readings;

-- name: the quality follows from how many of the readings are good
select
    tag,
    ts,
    readings,
    good_readings,
    quality
from historian.rollup_1h
where
    quality <> case
        when good_readings = readings then 0
        when good_readings > 0 then 1084489728
        else 2157641728
    end;

-- name: an hour has values where it has good readings, and only there
select
    tag,
    ts,
    good_readings,
    min_value,
    max_value,
    first_value,
    last_value,
    mean
from historian.rollup_1h
where
    (good_readings > 0) <> (
        min_value is not null
        and min_ts is not null
        and max_value is not null
        and max_ts is not null
        and first_value is not null
        and first_ts is not null
        and last_value is not null
        and last_ts is not null
        and mean is not null
    );

-- name: an hour has a spread and a mean over time where it has two good readings, and only there
select
    tag,
    ts,
    good_readings,
    time_weighted_mean,
    standard_deviation
from historian.rollup_1h
where
    (good_readings > 1) <> (time_weighted_mean is not null)
    or (good_readings > 1) <> (standard_deviation is not null);

-- name: what is between the lowest and the highest value is there, but for rounding
select
    tag,
    ts,
    min_value,
    max_value,
    first_value,
    last_value,
    mean,
    time_weighted_mean
from historian.rollup_1h
where
    first_value not between min_value and max_value
    or last_value not between min_value and max_value
    or mean < min_value - 1e-9 * greatest(1, abs(min_value))
    or mean > max_value + 1e-9 * greatest(1, abs(max_value))
    or time_weighted_mean < min_value - 1e-9 * greatest(1, abs(min_value))
    or time_weighted_mean > max_value + 1e-9 * greatest(1, abs(max_value));

-- name: every time is within its hour, and none before the first or after the last
select
    tag,
    ts,
    min_ts,
    max_ts,
    first_ts,
    last_ts
from historian.rollup_1h
where
    first_ts < ts
    or last_ts >= ts + interval 1 hour
    or min_ts not between first_ts and last_ts
    or max_ts not between first_ts and last_ts;
