select
    count(*) as found,
    count(score) as with_score,
    count(*) filter (where anomaly) as anomalies
from condition.scores
where model = $model
