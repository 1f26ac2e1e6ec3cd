"""Scores of readings by the regime that their siblings are in, with thresholds by a budget of false events.

A reading is compared with what the other tags of its asset, the same signal at other assets and the time of day make
likely at the same instant (`expected`), in units of how far readings usually are from that. What remains is watched by
channels with different memory (`channels`), and each channel of each tag has a threshold of its own, at which it would
raise its share of the budget of false events in the training span (`thresholds`). NumPy only.

`fit.fit` returns a `model.Model`; `model.score` scores instants with it. Model, state and scores are arrays of float64;
an instant is a row with a column per tag, NaN where a reading is missing or not good.
"""
