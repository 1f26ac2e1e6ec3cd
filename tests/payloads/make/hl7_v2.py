"""Golden HL7 v2 messages (ORU^R01, observations of one patient), written by hl7apy.

uv run --no-project --with hl7apy==1.3.5 tests/payloads/make/hl7_v2.py
"""

from __future__ import annotations

from typing import Any

from hl7apy.core import Message
from lines import body, write

OBSERVATIONS = [
    ("NM", "8867-4", "Heart rate", "72", "/min", "F"),
    ("NM", "8310-5", "Body temperature", "-0.5", "Cel", "P"),
    ("ST", "8716-3", "Remark", r"a & b^c|d\e", "", "F"),
    ("NM", "2708-6", "Oxygen saturation", "", "%", "X"),
]
ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\"})
AT = "20251124170000.123+0100"


def message(observations: list[tuple[str, ...]]) -> str:
    """Return an ORU^R01 of these observations, as ER7 text."""
    oru = Message("ORU_R01", version="2.5.1")
    oru.msh.msh_3, oru.msh.msh_4 = "MONITOR", "WARD1"
    oru.msh.msh_7, oru.msh.msh_9, oru.msh.msh_10, oru.msh.msh_11 = AT, "ORU^R01^ORU_R01", "42", "P"
    result = oru.add_group("ORU_R01_PATIENT_RESULT")
    result.add_group("ORU_R01_PATIENT").pid.pid_3 = "4711^^^WARD1"
    order = result.add_group("ORU_R01_ORDER_OBSERVATION")
    order.obr.obr_1, order.obr.obr_4, order.obr.obr_7 = "1", "vitals", AT
    for number, (kind, code, name, value, unit, status) in enumerate(observations, 1):
        obx = order.add_group("ORU_R01_OBSERVATION").obx
        obx.obx_1, obx.obx_2, obx.obx_6, obx.obx_11, obx.obx_14 = str(number), kind, unit, status, AT
        obx.obx_3 = f"{code}^{name}^LN"
        obx.obx_5 = value
        if kind == "ST":
            obx.obx_5.value = value.translate(ESCAPES)
    return oru.to_er7()


def readings(observations: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return a reading per observation; a status of X says that there is no result."""
    made = []
    for kind, code, _, value, _, status in observations:
        meant: Any = None if not value else float(value) if kind == "NM" else value
        quality = {"F": "good", "P": "uncertain", "X": "bad"}[status]
        made.append(
            {"tag": f"4711.{code}", "ts": "2025-11-24T16:00:00.123000+00:00", "value": meant, "quality": quality}
        )
    return made


if __name__ == "__main__":
    lines = [
        {"name": name, "value": body(message(obs)), "readings": readings(obs), "refused": []}
        for name, obs in (("one observation", OBSERVATIONS[:1]), ("observations", OBSERVATIONS))
    ]
    write("hl7_v2", "hl7apy 1.3.5", lines)
