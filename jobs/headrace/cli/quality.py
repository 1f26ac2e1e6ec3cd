"""OPC UA StatusCodes in words, like "Good" or "Bad, sensor failure"."""

from __future__ import annotations

_SEVERITIES = ("Good", "Uncertain", "Bad", "Bad")  # OPC UA reserves severity 3; it is never good

# Names from OPC UA Part 4, 7.39 and Part 11, 6.3, by the upper 16 bits of the code.
_NAMES = {
    0x002F: "overload",
    0x0030: "clamp",
    0x0096: "local override",
    0x00A2: "entry inserted",
    0x00A3: "entry replaced",
    0x00A5: "no data",
    0x00A6: "more data",
    0x00D9: "data ignored",
    0x00DC: "edited",
    0x408F: "no communication, last usable value",
    0x4090: "last usable value",
    0x4091: "substitute value",
    0x4092: "initial value",
    0x4093: "sensor not accurate",
    0x4094: "engineering units exceeded",
    0x4095: "sub-normal",
    0x40A4: "data sub-normal",
    0x8005: "communication error",
    0x800A: "timeout",
    0x800D: "server not connected",
    0x8031: "no communication",
    0x8032: "waiting for initial data",
    0x803A: "not readable",
    0x803C: "out of range",
    0x8089: "configuration error",
    0x808A: "not connected",
    0x808B: "device failure",
    0x808C: "sensor failure",
    0x808D: "out of service",
    0x809B: "no data",
    0x809D: "data lost",
    0x809E: "data unavailable",
    0x80D4: "aggregate list mismatch",
    0x80D5: "aggregate not supported",
    0x80D6: "aggregate invalid inputs",
    0x80D7: "bound not found",
    0x80D8: "bound not supported",
}


def in_words(status: int) -> str:
    """Return the severity of a StatusCode and, after a comma, its name, or its number if no name is known.

    The information bits (calculated, interpolated, partial, limits) are left out.
    """
    severity, code = _SEVERITIES[status >> 30 & 3], status >> 16 & 0xFFFF
    if not code & 0x3FFF:
        return severity
    return f"{severity}, {_NAMES.get(code) or f'0x{code << 16:08X}'}"
