select
    stage,
    code,
    count(*) as records,
    min_by(message, src_offset) as example
from historian.dead_letters
where job = $job
group by stage, code
order by records desc, code asc
