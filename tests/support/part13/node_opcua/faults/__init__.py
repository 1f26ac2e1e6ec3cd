"""The known deviations of node-opcua 2.182 from Part 13 (v1.05), and the intervals in which each shows."""

from support.part13.node_opcua.faults import durations, interpolative, reach, readings
from support.part13.node_opcua.faults.fault import ALL as ALL
from support.part13.node_opcua.faults.fault import Fault as Fault

FAULTS = (*reach.FAULTS, *interpolative.FAULTS, *readings.FAULTS, *durations.FAULTS)
SILENT = (*interpolative.SILENT, *durations.SILENT)
"""Where the two differ and Part 13 does not specify a result."""
