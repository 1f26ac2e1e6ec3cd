-- What `headrace catalog check` has written.
select n
from query_table($table)
