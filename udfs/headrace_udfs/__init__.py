"""Pure, vectorised functions of arrays, and the thin wrapper that runs them inside Flink's Python workers.

Comes in: the bytes of Kafka messages and a contract that describes them. Goes out: Arrow columns of readings, and a
code and a message for each message that is not one. The package knows neither the engine nor any job.
"""
