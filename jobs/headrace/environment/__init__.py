"""One environment and its services: catalogs/<env>.yaml, and one client per service.

An environment's name comes in; frozen settings with their secrets by reference, and clients of Kafka, Flink, Iceberg,
DuckDB and git go out. The room creates tables and topics as the project's files describe them, and knows nothing
about jobs.
"""
