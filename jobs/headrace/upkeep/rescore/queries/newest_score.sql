select max(ts) from condition.scores where model = $model
