-- name: a reading is told of once, by its position in the topic
select
    src_topic,
    src_partition,
    src_offset,
    src_index,
    count(*) as copies
from condition.overheats
group by all
having count(*) > 1;

-- name: every reading is above the limit
select
    tag,
    ts,
    value,
    hot_limit
from condition.overheats
where value <= hot_limit;

-- name: every reading is of good quality
select
    tag,
    ts,
    quality
from condition.overheats
where quality not between 0 and 1073741823;
