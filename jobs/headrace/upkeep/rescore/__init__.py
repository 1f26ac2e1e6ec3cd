"""Score a past span again, with the readings that came late, and replace its stored scores and events.

A version of a model and a span come in; how many rows are others now goes out. Readings and notes are not touched.
"""

from headrace.upkeep.rescore.replace_span import Replaced as Replaced
from headrace.upkeep.rescore.run import Rescored as Rescored
from headrace.upkeep.rescore.run import rescore as rescore
