-- The first time from each given time on at which the key has a stored reading.
select distinct
    given.key,
    given.at,
    stored.ts
from given
asof join (select given_key, ts from stored) as stored on given.key = stored.given_key and given.at <= stored.ts
