"""Report how far the stored rows are complete: up to which time, by partition of a topic, and which tags are silent.

A project and an environment come in; the contents of historian.completeness and historian.last_seen go out. It reads
only tables and topics, and knows nothing of running jobs.
"""

from headrace.upkeep.completeness.behind import overdue as overdue
from headrace.upkeep.completeness.last_seen import Seen as Seen
from headrace.upkeep.completeness.partitions import Reached as Reached
from headrace.upkeep.completeness.refresh import Completeness as Completeness
from headrace.upkeep.completeness.refresh import last as last
from headrace.upkeep.completeness.refresh import refresh as refresh
