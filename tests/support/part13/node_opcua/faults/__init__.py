"""What node-opcua 2.182 is known to do otherwise than Part 13 (v1.05) says, and in which intervals that shows."""

from support.part13.node_opcua.faults import durations, interpolative, reach, readings
from support.part13.node_opcua.faults.fault import ALL as ALL
from support.part13.node_opcua.faults.fault import Fault as Fault

FAULTS = (*reach.FAULTS, *interpolative.FAULTS, *readings.FAULTS, *durations.FAULTS)
SILENT = (*interpolative.SILENT, *durations.SILENT)
"""Where the two differ and Part 13 does not say."""
