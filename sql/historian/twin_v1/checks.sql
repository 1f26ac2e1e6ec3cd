-- name: a tag has one row
select
    tag,
    count(*) as copies
from historian.twin
group by all
having count(*) > 1;

-- name: a state is of good quality
select
    tag,
    ts,
    quality
from historian.twin
where quality not between 0 and 1073741823;

-- name: a state is a number or words
select
    tag,
    ts
from historian.twin
where value is null and text is null;

-- name: no message is the state of two tags
select
    src_topic,
    src_partition,
    src_offset,
    src_index,
    count(*) as tags
from historian.twin
group by all
having count(*) > 1;
