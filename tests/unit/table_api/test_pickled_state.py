"""The state of running jobs is read as an earlier release pickled it: modules, names and fields are kept."""

from __future__ import annotations

import base64
import pickle
import sys

import pytest

from support import ROOT
from table_api.watches.event_frames import Open
from table_api.watches.in_order import Line
from table_api.watches.stuck_or_silent import Seen
from table_api.watches.watch import Reading

STATE = (
    "gASVNAEAAAAAAABdlCiMGnRhYmxlX2FwaS53YXRjaGVzLmluX29yZGVylIwETGluZZSTlCmBlE59lCiMB3dhaXRpbmeUXZSMF3Rh"
    "YmxlX2FwaS53YXRjaGVzLndhdGNolIwHUmVhZGluZ5STlEsBR0AAAAAAAAAAiIeUgZRhjAZtZW1vcnmUjCF0YWJsZV9hcGkud2F0"
    "Y2hlcy5zdHVja19vcl9zaWxlbnSUjARTZWVulJOUKEsBR0AAAAAAAAAASwFHQAAAAAAAAACIdJSBlIwFdGltZXKUSwV1hpRiaAMp"
    "gZROfZQoaAZdlGgNjB50YWJsZV9hcGkud2F0Y2hlcy5ldmVudF9mcmFtZXOUjARPcGVulJOUKEsBSwJHQAgAAAAAAABLAUdACAAA"
    "AAAAAEsBdJSBlGgTTnWGlGJlLg=="
)
"""A list of two lines: one of stuck_or_silent with a waiting reading, one of event_frames."""


def test_the_state_of_an_earlier_release_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    # A test before this one may have made Python import the package of another project.
    for name in [name for name in sys.modules if name.partition(".")[0] == "table_api"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(ROOT / "jobs")
    lines = pickle.loads(base64.b64decode(STATE))  # noqa: S301 - the text above
    # By their text: these are other classes than those above.
    assert repr(lines) == repr(
        [
            Line([Reading(1, 2.0, True)], Seen(1, 2.0, 1, 2.0, reported=True), 5),
            Line([], Open(1, 2, 3.0, 1, 3.0, 1), None),
        ]
    )
