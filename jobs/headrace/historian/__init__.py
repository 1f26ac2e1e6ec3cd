"""Questions that a plant asks its historian, answered from plain Iceberg tables by OPC UA Part 13."""

from headrace.historian.aggregates import AGGREGATES as AGGREGATES
from headrace.historian.historian import Historian as Historian
from headrace.historian.series.configuration import Configuration as Configuration
