-- The windows for which the job's table (`held`) has another number of readings than expected_counts.sql.j2.
select
    coalesce(expected.key, held.key) as key,
    coalesce(expected.ts, held.ts) as ts,
    coalesce(expected.readings, 0) as stored,
    coalesce(held.readings, 0) as counted
from expected
full join held on expected.key = held.key and expected.ts = held.ts
where coalesce(expected.readings, 0) <> coalesce(held.readings, 0)
order by ts, key
