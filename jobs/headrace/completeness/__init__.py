"""How far what is stored is complete: up to which time, by partition of a topic, and which tags are silent."""

from headrace.completeness.look import Completeness as Completeness
from headrace.completeness.look import last as last
from headrace.completeness.look import refresh as refresh
from headrace.completeness.partitions import Reached as Reached
from headrace.completeness.seen import Seen as Seen
