"""Pure, vectorised functions of arrays, and the thin wrapper that runs them inside Flink's Python workers.

The bytes of Kafka messages and a contract that describes them come in; Arrow columns of readings go out, with an error
code and text for each message or reading that is refused. The package knows neither the engine nor any job.
"""
