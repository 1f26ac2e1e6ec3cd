"""Convert qualities as sources write them to OPC UA StatusCodes.

The top two bits of a StatusCode are its severity: 00 good, 01 uncertain, 10 bad (OPC 10000-4, OPC UA Part 4). What a
mapping does not define is UNKNOWN, and never good.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headrace_udfs.status_codes import SEVERITY, STATUS_CODES

Codes = npt.NDArray[np.int64]
"""An int64 array of StatusCodes, or UNKNOWN."""

UNKNOWN = -1
"""Stands for a quality that is not valid."""

NUMBERED = ("opcua", "opcda")
"""Mappings of whole numbers; the others map words."""

SYSTEM, VALUE = "system", "value"
"""The words that a value of PI becomes: a state of the system, or any other."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "names": {severity: severity for severity in SEVERITY},
    "boolean": {"true": "good", "false": "bad"},
    "sparkplug": {"192": "good", "0": "bad", "500": "BadNoCommunication"},
    "siemens": {"0": "bad", "1": "uncertain", "2": "good", "3": "good"},
    "pi": {VALUE: "good", SYSTEM: "bad"},
}
"""The status of each word of a mapping, case-folded; a number or a boolean is the word that JSON writes for it."""

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
    severity, limit = {0x00: "bad", 0x40: "uncertain"}.get(quality & 0xC0), quality & 0x03
    # A sub-status that nobody defined keeps a severity that is not good: 500, with which Sparkplug says stale, has the
    # bits of good.
    code = _OPC_DA.get(quality & 0xFC, SEVERITY[severity] if severity else UNKNOWN)
    return code | _INFO_IS_DATA_VALUE | limit << 8 if limit and code != UNKNOWN else code


_OPC_DA_TABLE: Codes = np.array([_opc_da(quality) for quality in range(256)], np.int64)

_CODE = 0xFFFF0000
_RESERVED = 0x30003000
_INFO_TYPE, _INFO_BITS = 0x0C00, 0x03FF
_DATA_VALUE_BITS = 0x039F  # limits, overflow and how a history was made; the other two are reserved
_GOOD_CODES: Codes = np.array([code for code in STATUS_CODES.values() if code < SEVERITY["uncertain"]], np.int64)


def status(name: str) -> int:
    """Return the StatusCode of a severity (good, uncertain, bad) or of a name like BadSensorFailure."""
    return SEVERITY[name] if name in SEVERITY else STATUS_CODES[name]


def from_opcda(values: pa.Int64Array, missing: int) -> Codes:
    """Return the StatusCodes of OPC DA qualities; a null becomes `missing`.

    A quality is QQSSSSLL; the vendor's byte above it is ignored. A sub-status of bad or uncertain that the standard
    does not name keeps its severity. One of good, a QQ of 10 and a value of more than 16 bits become UNKNOWN.
    """
    filled = values.fill_null(0).to_numpy()
    codes = np.where((filled >= 0) & (filled < 2**16), _OPC_DA_TABLE[filled & 0xFF], UNKNOWN)
    return _with_missing(values, codes, missing)


def from_opcua(values: pa.Int64Array, missing: int) -> Codes:
    """Return valid StatusCodes, unsigned; a null becomes `missing`.

    A negative number is a StatusCode that its sender took for a signed one of 32 bits. What OPC 10000-4 (OPC UA Part 4,
    7.39) does not define becomes UNKNOWN: a value of more than 32 bits, the severity 11, reserved bits, info bits
    without an info type, and a code of good that OPC 10000-6, A.2 does not list.
    """
    filled = values.fill_null(0).to_numpy()
    codes = np.where((filled < 0) & (filled >= -(2**31)), filled + 2**32, filled)
    known = (codes >= 0) & (codes < 0xC0000000) & (codes & _RESERVED == 0)
    info = codes & _INFO_BITS
    is_data_value = (codes & _INFO_TYPE == _INFO_IS_DATA_VALUE) & (info & ~_DATA_VALUE_BITS == 0)
    known &= is_data_value | ((codes & _INFO_TYPE == 0) & (info == 0))
    known &= (codes >= SEVERITY["uncertain"]) | np.isin(codes & _CODE, _GOOD_CODES)
    return _with_missing(values, np.where(known, codes, UNKNOWN), missing)


def from_words(values: pa.StringArray, names: Mapping[str, str], others: str | None, missing: int) -> Codes:
    """Return the StatusCodes of words, regardless of their case; a null becomes `missing`.

    names: the status of each word, case-folded. others: the status of any other word; UNKNOWN without one.
    """
    known = {name: status(meant) for name, meant in names.items()}
    unknown = UNKNOWN if others is None else status(others)
    encoded = values.dictionary_encode()
    words = [known.get(word.casefold(), unknown) for word in encoded.dictionary.to_pylist()]
    codes = np.array([*words, missing], np.int64)
    spread: Codes = codes[encoded.indices.fill_null(len(words)).to_numpy()]
    return spread


def quality_name(quality: pa.Int64Array) -> pa.StringArray:
    """Return Good, Uncertain or Bad by the top two bits; null where the code is null or not a valid StatusCode."""
    codes = quality.fill_null(UNKNOWN).to_numpy()
    severity = np.where((codes >= 0) & (codes < 0xC0000000), codes >> 30, UNKNOWN)
    return _NAMES.take(pa.array(severity, mask=severity < 0))


def _with_missing(values: pa.Array, codes: Codes, missing: int) -> Codes:
    return np.where(values.is_null().to_numpy(zero_copy_only=False), missing, codes) if values.null_count else codes
