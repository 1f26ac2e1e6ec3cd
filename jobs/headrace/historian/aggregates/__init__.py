"""The aggregates of OPC UA Part 13, a family a module, in one table."""

from headrace.historian.aggregates.table import AGGREGATES as AGGREGATES
from headrace.historian.aggregates.table import Aggregate as Aggregate
from headrace.historian.aggregates.table import named as named
