"""How aggregates treat quality: the AggregateConfiguration of OPC UA (Part 13, 4.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace.errors import Problem, UserError
from headrace.historian.series.status import BAD, GOOD, UNCERTAIN_SUBNORMAL, Mask, Status, is_bad, is_good


@dataclass(frozen=True)
class Configuration:
    """The settings of an aggregate, with the defaults of the standard.

    Raises UserError for percentages that are out of range or contradict each other.
    """

    treat_uncertain_as_bad: bool = True
    """Whether an uncertain reading counts as bad. If not, it counts as good unless an aggregate says otherwise."""
    percent_data_bad: int = 100
    """A result is Bad if at least this share of the data is bad, in percent."""
    percent_data_good: int = 100
    """A result is Good if at least this share of the data is good, in percent; otherwise, and unless it is Bad, it is
    Uncertain_DataSubNormal."""
    use_sloped_extrapolation: bool = False
    """Whether the line through the last two readings continues after the last one. If not, the last value holds."""

    def __post_init__(self) -> None:
        percentages = {"percent_data_bad": self.percent_data_bad, "percent_data_good": self.percent_data_good}
        problems = [
            Problem(f"{name} is {value}", fix="use a percentage from 0 to 100")
            for name, value in percentages.items()
            if not 0 <= value <= 100
        ]
        if not problems and self.percent_data_good < 100 - self.percent_data_bad:
            what = "percent_data_good is below 100 - percent_data_bad: the same share would be both good and bad"
            problems.append(Problem(what, fix="raise one of them"))
        if problems:
            raise UserError(problems)

    def usable(self, status: Status) -> Mask:
        """Return whether each reading counts: it is good, or uncertain if that is not treated as bad."""
        return is_good(status) if self.treat_uncertain_as_bad else ~is_bad(status)

    def by_share(
        self, good: npt.NDArray[np.float64], bad: npt.NDArray[np.float64], total: npt.NDArray[np.float64]
    ) -> Status:
        """Return the status of each result from the amounts of data that are good, bad and in total.

        The arrays have one item per result, in any unit (readings or time). A result that reaches both percentages is
        Bad; one whose total is 0 is Good. Source: Part 13, 5.4.3.2.1.
        """
        whole = np.where(total > 0, total, 1)
        enough = (total <= 0) | (good / whole * 100 >= self.percent_data_good)
        spoiled = (bad > 0) & (bad / whole * 100 >= self.percent_data_bad)
        return np.where(spoiled, BAD, np.where(enough, GOOD, UNCERTAIN_SUBNORMAL))
