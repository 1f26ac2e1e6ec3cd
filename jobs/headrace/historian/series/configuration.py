"""How aggregates treat quality: OPC UA's AggregateConfiguration (Part 13, 4.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace.errors import Problem, UserError
from headrace.historian.series.status import BAD, GOOD, UNCERTAIN_SUBNORMAL, Mask, Status, is_bad, is_good


@dataclass(frozen=True)
class Configuration:
    """The standard's defaults. Raises UserError for percentages that cannot be met or contradict each other."""

    treat_uncertain_as_bad: bool = True
    """Whether an uncertain reading counts as bad; else it counts as good, where an aggregate says no other."""
    percent_data_bad: int = 100
    """From this share of bad data, in percent, a result is Bad."""
    percent_data_good: int = 100
    """From this share of good data, in percent, a result is Good; between the two it is Uncertain_DataSubNormal."""
    use_sloped_extrapolation: bool = False
    """Whether the line through the last two readings goes on after the last; else the last value is held."""

    def __post_init__(self) -> None:
        percentages = {"percent_data_bad": self.percent_data_bad, "percent_data_good": self.percent_data_good}
        problems = [
            Problem(f"{name} is {value}", fix="give a percentage, 0 to 100")
            for name, value in percentages.items()
            if not 0 <= value <= 100
        ]
        if not problems and self.percent_data_good < 100 - self.percent_data_bad:
            what = "percent_data_good is below 100 - percent_data_bad: one share of data would be good and bad at once"
            problems.append(Problem(what, fix="raise one of them"))
        if problems:
            raise UserError(problems)

    def usable(self, status: Status) -> Mask:
        """Whether a reading of this quality counts: good, or uncertain where that is not treated as bad."""
        return is_good(status) if self.treat_uncertain_as_bad else ~is_bad(status)

    def by_share(
        self, good: npt.NDArray[np.float64], bad: npt.NDArray[np.float64], total: npt.NDArray[np.float64]
    ) -> Status:
        """The status of results from `total` data of which `good` is good and `bad` is bad (Part 13, 5.4.3.2.1).

        Where both percentages are met, a result is Bad; where total is 0, it is Good.
        """
        whole = np.where(total > 0, total, 1)
        enough = (total <= 0) | (good / whole * 100 >= self.percent_data_good)
        spoiled = (bad > 0) & (bad / whole * 100 >= self.percent_data_bad)
        return np.where(spoiled, BAD, np.where(enough, GOOD, UNCERTAIN_SUBNORMAL))
