"""OPC UA StatusCodes of readings and of results: severity in the top two bits, information on a result in the lowest.

A status is a uint32. A result that was not simply stored says so in its historian bits (Part 11, 6.3; Part 13, 5.3.3),
which count only together with the info type DataValue.
"""

from __future__ import annotations

from enum import IntFlag

import numpy as np
import numpy.typing as npt

Status = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]

GOOD = np.uint32(0)
UNCERTAIN = np.uint32(0x40000000)
UNCERTAIN_SUBNORMAL = np.uint32(0x40A40000)
BAD = np.uint32(0x80000000)
BAD_NO_DATA = np.uint32(0x809B0000)

_SEVERITY_SHIFT = np.uint32(30)
_CODE = np.uint32(0xFFFF0000)
_DATA_VALUE = np.uint32(0x0400)


class Bits(IntFlag):
    """What a result is, where it is not a stored reading: bits 0 to 4 of its status."""

    RAW = 0
    CALCULATED = 1
    INTERPOLATED = 2
    PARTIAL = 4
    EXTRA = 8
    MULTIPLE = 16


def severity(status: Status) -> Status:
    """0 good, 1 uncertain, 2 bad. The severity 3, which means nothing, reads as 3 and so is never good."""
    return status >> _SEVERITY_SHIFT


def is_good(status: Status) -> Mask:
    """Whether the severity is good."""
    good: Mask = severity(status) == 0
    return good


def is_bad(status: Status) -> Mask:
    """Whether the severity is neither good nor uncertain."""
    bad: Mask = severity(status) >= 2
    return bad


def code(status: Status) -> Status:
    """The status without information bits: what went well or wrong, by its name in the standard."""
    return status & _CODE


def with_bits(status: Status, bits: int, where: Mask | bool = True) -> Status:
    """`status` with the historian bits `bits` set in addition, `where` true."""
    marked = status | _DATA_VALUE | np.uint32(bits)
    return np.where(where, marked, status) if bits else status
