-- The stored readings at the last time before each given time, of the same key.
with last as (
    select distinct given.key, stored.ts
    from given
    asof join (select given_key, ts from stored) as stored on given.key = stored.given_key and given.at > stored.ts
)

select stored.*
from stored
inner join last on stored.given_key = last.key and stored.ts = last.ts
