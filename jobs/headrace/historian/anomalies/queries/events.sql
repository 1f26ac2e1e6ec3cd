select
    tag,
    started_at,
    ended_at,
    peak_at,
    peak_score,
    cause,
    coalesce(string_split(related, ', '), []) as related,
    state,
    suppressed_by,
    model,
    acknowledged,
    acknowledged_by,
    acknowledged_at,
    note,
    noted_by,
    noted_at
from condition.current_events
where
    ($since is null or ended_at >= $since::timestamptz)
    and ($until is null or started_at < $until::timestamptz)
    and ($cause is null or cause = $cause)
    and ($model is null or model = $model or starts_with(model, $model || '@'))
    and ($state is null or state = $state)
    and ($acknowledged is null or acknowledged = $acknowledged)
    and ($min_score is null or peak_score >= $min_score)
order by started_at desc, tag, model
