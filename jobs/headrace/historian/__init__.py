"""Answer questions about stored readings by the rules of OPC UA Part 13.

Tags, times and settings come in, and Arrow tables of values with their quality go out, read from plain Iceberg tables.
The room only reads, except for the list of tags and the notes on events; it knows nothing about jobs, Flink or Kafka.
"""

from headrace.historian.aggregates import AGGREGATES as AGGREGATES
from headrace.historian.historian import Historian as Historian
from headrace.historian.series.configuration import Configuration as Configuration
