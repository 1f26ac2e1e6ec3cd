"""Windows that late readings touched, computed anew."""

from headrace.recompute.run import Recomputed as Recomputed
from headrace.recompute.run import recompute as recompute
