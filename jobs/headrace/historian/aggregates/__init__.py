"""The aggregates of OPC UA Part 13, one module per family, and a table of all by name.

Points, cells and a configuration come in; one value, time and StatusCode per cell goes out. Nothing here knows where
the readings came from, which tag has which name, or how a result is presented.
"""

from headrace.historian.aggregates.table import AGGREGATES as AGGREGATES
from headrace.historian.aggregates.table import Aggregate as Aggregate
from headrace.historian.aggregates.table import named as named
