"""Masks of values: what stays of each, and that nothing else does."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import pickle
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs import masks
from headrace_udfs.contract_privacy import Prefix, Unit
from headrace_udfs.key_ring import BadKey, Key, KeyRing

RING = KeyRing({"patients": {1: "a" * 32, 2: "b" * 32}})
KEYS = RING.open(["patients"])
KEY = KEYS.current("patients")

texts = st.text(max_size=12) | st.none()
dates = st.dates(date(1900, 1, 1), date(2100, 1, 1))


def masked(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


@given(st.lists(texts))
def test_a_token_stands_for_one_value_and_says_the_version_of_its_key(values: list[str | None]) -> None:
    tokens = masks.hashed(masked(values), KEY).to_pylist()
    assert len(set(zip(values, tokens, strict=True))) == len(set(values)) == len(set(tokens))
    assert all((value is None) == (token is None) for value, token in zip(values, tokens, strict=True))
    assert all(token is None or (token.startswith("2-") and len(token) == 34) for token in tokens)


def test_a_token_is_hmac_sha256_with_a_key_that_is_derived_for_tokens_alone() -> None:
    derived = hmac.digest(b"b" * 32, b"hash", hashlib.sha512)
    wanted = hmac.new(derived, "Müller".encode(), hashlib.sha256).hexdigest()[:32]
    assert masks.hashed(masked(["Müller"]), KEY).to_pylist() == [f"2-{wanted}"]
    assert masks.hashed(masked(["Müller"]), KEYS.version("patients", 1)).to_pylist() != [f"2-{wanted}"]


@given(dates, st.text(max_size=6), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y-%m-%dT10:11:12+01:00", "%Y%m%d101112"]))
def test_a_date_as_text_moves_back_by_the_days_of_its_subject_and_keeps_its_form(
    day: date, subject: str, form: str
) -> None:
    days = masks.days_of(masked([subject]), KEY, 30)
    assert 1 <= days[0] <= 30
    found = masks.shifted_texts(masked([day.strftime(form)]), days)
    assert found.values.to_pylist() == [(day - timedelta(int(days[0]))).strftime(form)]
    assert found.unfit.tolist() == []


@given(dates, dates, st.text(max_size=6))
def test_what_lies_between_two_times_of_a_subject_stays(one: date, other: date, subject: str) -> None:
    days = masks.days_of(masked([subject, subject]), KEY, 365)
    times = pa.array([datetime.combine(day, datetime.min.time()) for day in (one, other)], pa.timestamp("us"))
    first, second = masks.shifted_times(times, days).values.to_pylist()
    assert second - first == other - one


def test_a_date_that_names_no_day_keeps_what_it_has_and_what_is_no_date_does_not_fit() -> None:
    values = masked(["1980", "198003", "1980-03", "12.3.1980", "1980-13-01", "0001-01-01", None, "1980-3-1"])
    found = masks.shifted_texts(values, np.full(8, 40))
    assert found.values.to_pylist() == ["1979", "198001", "1980-01", None, None, None, None, None]
    assert found.unfit.tolist() == [3, 4, 5, 7]


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [
        ("1980-03-12", "1980", "1980-03", "1980-03-12"),
        ("19800312", "1980", "198003", "19800312"),
        ("1980-03-12T10:11:12Z", "1980", "1980-03", "1980-03-12"),
        ("198003121011+0100", "1980", "198003", "19800312"),
        ("1980", "1980", "1980", "1980"),
        ("Miller", None, None, None),
    ],
)
def test_a_truncated_date_has_no_more_than_it_may(text: str, year: str, month: str, day: str) -> None:
    units: tuple[Unit, ...] = ("year", "month", "day")
    found = [masks.truncated_texts(masked([text]), unit).values[0].as_py() for unit in units]
    assert found == [year, month, day]


def test_a_truncated_time_is_the_beginning_of_its_year_month_day_or_hour() -> None:
    time = pa.array([datetime(2024, 5, 6, 7, 8, 9)], pa.timestamp("us"))
    found = [masks.truncated_times(time, unit)[0].as_py().isoformat() for unit in ("year", "month", "day", "hour")]
    assert found == ["2024-01-01T00:00:00", "2024-05-01T00:00:00", "2024-05-06T00:00:00", "2024-05-06T07:00:00"]


@given(st.ip_addresses(), st.integers(1, 31), st.integers(1, 127))
def test_a_prefix_is_the_network_of_an_address(address: ipaddress.IPv4Address, v4: int, v6: int) -> None:
    bits = v4 if address.version == 4 else v6
    wanted = ipaddress.ip_network(f"{address}/{bits}", strict=False).network_address
    assert masks.prefix(masked([str(address)]), Prefix(v4, v6)).values.to_pylist() == [str(wanted)]


def test_what_is_no_address_does_not_fit_a_prefix() -> None:
    found = masks.prefix(masked(["10.1.2.3", "Miller", None, "10.1.2"]), Prefix(24, 48))
    assert found.values.to_pylist() == ["10.1.2.0", None, None, None]
    assert found.unfit.tolist() == [1, 3]


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()), st.integers(1, 1000))
def test_a_step_rounds_down(values: list[int | None], step: int) -> None:
    found = masks.stepped(pa.array(values, pa.int64()), step).to_pylist()
    wanted = [None if each is None else max(each // step * step, -(2**63)) for each in values]
    assert found == wanted


def test_keys_are_never_pickled_nor_shown_and_must_be_long_enough() -> None:
    assert pickle.loads(pickle.dumps(RING)) == RING  # noqa: S301 - our own bytes
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(KEYS)
    assert "bbb" not in repr(KEY)
    assert isinstance(KEY, Key)
    with pytest.raises(BadKey, match=r"key 'short', version 1 has 5 characters, and needs 32"):
        KeyRing({"short": {1: "12345"}}).open(["short"])
    with pytest.raises(BadKey, match=r"\$\{env:HEADRACE_NO_SUCH\}: no such environment variable"):
        KeyRing({"k": {1: "${env:HEADRACE_NO_SUCH}"}}).open(["k"])
    with pytest.raises(BadKey, match="there is no key 'other'"):
        RING.open(["other"])
