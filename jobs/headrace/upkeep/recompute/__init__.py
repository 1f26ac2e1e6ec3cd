"""Windows that late readings touched, computed anew."""

from headrace.upkeep.recompute.run import Recomputed as Recomputed
from headrace.upkeep.recompute.run import recompute as recompute
