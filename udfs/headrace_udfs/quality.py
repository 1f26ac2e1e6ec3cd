"""Convert qualities as sources write them to OPC UA StatusCodes.

The top two bits of a StatusCode are its severity: 00 good, 01 uncertain, 10 bad (OPC 10000-4, OPC UA Part 4).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int64]
"""An int64 array of StatusCodes, or UNKNOWN."""

SEVERITY: Mapping[str, int] = {"good": 0, "uncertain": 0x40000000, "bad": 0x80000000}
"""The StatusCode of each severity without further detail."""

UNKNOWN = -1
"""Stands for a quality that is not valid."""

_NAMES = pa.array(["Good", "Uncertain", "Bad"])

# OPC 10000-8 (OPC UA Part 8), A.3.2.3: maps quality and sub-status of OPC DA, QQSSSS00, to the StatusCode.
_OPC_DA: Mapping[int, int] = {
    0x00: 0x80000000,  # Bad
    0x04: 0x80890000,  # Bad_ConfigurationError
    0x08: 0x808A0000,  # Bad_NotConnected
    0x0C: 0x808B0000,  # Bad_DeviceFailure
    0x10: 0x808C0000,  # Bad_SensorFailure
    0x14: 0x808D0000,  # last known: Bad_OutOfService
    0x18: 0x80310000,  # comm failure: Bad_NoCommunication
    0x1C: 0x808D0000,  # Bad_OutOfService
    0x20: 0x80320000,  # Bad_WaitingForInitialData
    0x40: 0x40000000,  # Uncertain
    0x44: 0x40900000,  # Uncertain_LastUsableValue
    0x50: 0x40930000,  # Uncertain_SensorNotAccurate
    0x54: 0x40940000,  # Uncertain_EngineeringUnitsExceeded
    0x58: 0x40950000,  # Uncertain_SubNormal
    0xC0: 0x00000000,  # Good
    0xD8: 0x00960000,  # Good_LocalOverride
}
_INFO_IS_DATA_VALUE = 0x0400  # the limit bits, 8 and 9, are valid


def _opc_da(quality: int) -> int:
    severity, limit = {0x00: "bad", 0x40: "uncertain", 0xC0: "good"}.get(quality & 0xC0), quality & 0x03
    if severity is None:
        return UNKNOWN
    code = _OPC_DA.get(quality & 0xFC, SEVERITY[severity])
    return code | _INFO_IS_DATA_VALUE | limit << 8 if limit else code


_OPC_DA_TABLE: Codes = np.array([_opc_da(quality) for quality in range(256)], np.int64)


def from_opcda(values: pa.Int64Array, missing: int) -> Codes:
    """Return the StatusCodes of OPC DA qualities; a null becomes `missing`.

    A quality is QQSSSSLL; the vendor's byte above it is ignored. A sub-status that the standard does not name keeps its
    severity. A QQ of 10 and a value of more than 16 bits become UNKNOWN.
    """
    filled = values.fill_null(0).to_numpy()
    codes = np.where((filled >= 0) & (filled < 2**16), _OPC_DA_TABLE[filled & 0xFF], UNKNOWN)
    return _with_missing(values, codes, missing)


def from_opcua(values: pa.Int64Array, missing: int) -> Codes:
    """Return valid StatusCodes unchanged; a null becomes `missing`.

    A value that does not fit in 32 bits, or has the severity 11, which is reserved, becomes UNKNOWN.
    """
    filled = values.fill_null(0).to_numpy()
    return _with_missing(values, np.where((filled >= 0) & (filled < 0xC0000000), filled, UNKNOWN), missing)


def from_names(values: pa.StringArray, names: Mapping[str, str], missing: int) -> Codes:
    """Return the StatusCodes of words, regardless of their case; a null becomes `missing`.

    Known are good, uncertain, bad and the keys of `names` (case-folded), whose values are severities; any other word
    becomes UNKNOWN.
    """
    known = {**SEVERITY, **{name: SEVERITY[severity] for name, severity in names.items()}}
    encoded = values.dictionary_encode()
    words = [known.get(word.casefold(), UNKNOWN) for word in encoded.dictionary.to_pylist()]
    codes = np.array([*words, missing], np.int64)
    spread: Codes = codes[encoded.indices.fill_null(len(words)).to_numpy()]
    return spread


def quality_name(quality: pa.Int64Array) -> pa.StringArray:
    """Return Good, Uncertain or Bad by the top two bits; null where the code is null or not a valid StatusCode."""
    severity = from_opcua(quality, UNKNOWN) >> 30
    return _NAMES.take(pa.array(severity, mask=severity < 0))


def _with_missing(values: pa.Array, codes: Codes, missing: int) -> Codes:
    return np.where(values.is_null().to_numpy(zero_copy_only=False), missing, codes) if values.null_count else codes
