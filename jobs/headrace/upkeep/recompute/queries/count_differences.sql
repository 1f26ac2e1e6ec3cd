-- The windows of which the job's table (`held`) counts another number of readings than account.sql does (`account`).
select
    coalesce(account.key, held.key) as key,
    coalesce(account.ts, held.ts) as ts,
    coalesce(account.readings, 0) as stored,
    coalesce(held.readings, 0) as counted
from account
full join held on account.key = held.key and account.ts = held.ts
where coalesce(account.readings, 0) <> coalesce(held.readings, 0)
order by ts, key
