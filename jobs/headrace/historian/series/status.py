"""OPC UA StatusCodes of readings and results: the severity in the top two bits, the historian bits in the lowest five.

A status is a uint32. The historian bits describe a result that is not a stored reading (Part 11, 6.3; Part 13, 5.3.3);
they count only together with the info type DataValue (0x0400).
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
    """The historian bits of a result, bits 0 to 4 of its status: how it differs from a stored reading."""

    RAW = 0
    CALCULATED = 1
    INTERPOLATED = 2
    PARTIAL = 4
    EXTRA = 8
    MULTIPLE = 16


def severity(status: Status) -> Status:
    """Return 0 for good, 1 for uncertain, 2 for bad, and 3 for the reserved severity, which counts as bad."""
    return status >> _SEVERITY_SHIFT


def is_good(status: Status) -> Mask:
    """Return whether the severity is good."""
    good: Mask = severity(status) == 0
    return good


def is_bad(status: Status) -> Mask:
    """Return whether the severity is neither good nor uncertain."""
    bad: Mask = severity(status) >= 2
    return bad


def code(status: Status) -> Status:
    """Return the status without its information bits: severity and sub-code, as the standard names them."""
    return status & _CODE


def with_bits(status: Status, bits: int, where: Mask | bool = True) -> Status:
    """Return `status` with the historian bits `bits` added for each item for which `where` is true."""
    marked = status | _DATA_VALUE | np.uint32(bits)
    return np.where(where, marked, status) if bits else status
