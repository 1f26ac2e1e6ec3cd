"""What judges of the gallery compute without Flink, on a few rows whose answers are known by hand."""

from __future__ import annotations

import pandas as pd

from gallery import (
    cards,
    condition_events,
    condition_spikes,
    condition_stuck,
    logistics_eta,
    payments_fraud,
    payments_parallel_run,
    web_funnel,
    web_sessions,
)

START = pd.Timestamp("2024-01-01T10:00:00Z")
BERLIN, PARIS = (52.52, 13.405), (48.857, 2.352)


def events(*rows: tuple[str, float, str]) -> pd.DataFrame:
    """Return events of visitor, minute and action, sorted as judges want them."""
    frame = pd.DataFrame(rows, columns=["visitor", "minute", "action"])
    frame["ts"] = START + pd.to_timedelta(frame["minute"], unit="min")
    frame = frame.assign(event=frame.index, channel="mail", page="/", amount=frame["action"].eq("pay") * 5.0)
    return frame.sort_values(["visitor", "ts"], ignore_index=True)


def payments(*rows: tuple[str, float, float, str | None, tuple[float, float] | None]) -> pd.DataFrame:
    """Return payments of card, minute, amount, device and place, sorted as judges want them."""
    frame = pd.DataFrame(rows, columns=["card", "minute", "amount", "device", "place"])
    frame["ts"] = START + pd.to_timedelta(frame["minute"], unit="min")
    frame["at"] = (frame["minute"] * 60_000).astype("int64")
    frame["payment"] = [f"p{number}" for number in frame.index]
    frame["latitude"], frame["longitude"] = zip(*[place or (None, None) for place in frame["place"]], strict=True)
    return frame.astype({"latitude": float, "longitude": float}).sort_values(["card", "ts"], ignore_index=True)


def readings(*rows: tuple[float, float]) -> pd.DataFrame:
    """Return readings of one tag of minute and value."""
    frame = pd.DataFrame(rows, columns=["minute", "value"]).assign(tag="a")
    return frame.assign(ts=START + pd.to_timedelta(frame["minute"], unit="min"))[["tag", "ts", "value"]]


def minutes(time: object) -> float:
    """Return a time as minutes after START."""
    return (pd.Timestamp(time) - START) / pd.Timedelta("1min")  # type: ignore[arg-type]


def test_a_pause_of_half_an_hour_is_within_a_session_and_a_longer_one_begins_the_next() -> None:
    found = web_sessions.sessions(events(("a", 0, "view"), ("a", 30, "pay"), ("a", 60.1, "view"), ("b", 1, "view")))
    assert found[["visitor", "events", "payments", "spent"]].to_numpy().tolist() == [
        ["a", 2, 1, 5.0],
        ["a", 1, 0, 0.0],
        ["b", 1, 0, 0.0],
    ]


def test_a_step_of_the_funnel_counts_within_two_hours_of_the_latest_page_that_led_to_it() -> None:
    of_a = [("a", 0, "view"), ("a", 10, "view"), ("a", 130, "cart"), ("a", 131, "pay")]
    of_b = [("b", 0, "cart"), ("b", 1, "pay"), ("b", 2, "view")]
    of_c = [("c", 0, "view"), ("c", 1, "cart"), ("c", 121, "pay"), ("c", 122, "view")]
    found = web_funnel.days(events(*of_a, *of_b, *of_c))
    assert dict(zip(found["step"], found["visitors"], strict=True)) == {1: 3, 2: 2}


def test_six_payments_in_ten_minutes_are_too_many_and_both_ends_count() -> None:
    found = payments_fraud.alerts(payments(*[("a", minute, 10.0, None, None) for minute in (0, 2, 4, 6, 8, 10, 20.1)]))
    assert found[["payment", "rule", "found"]].to_numpy().tolist() == [["p5", "velocity", 6.0]]


def test_paris_an_hour_after_berlin_is_no_flight_and_two_hours_after_may_be_one() -> None:
    rows = [("a", 0, 10.0, None, BERLIN), ("a", 30, 10.0, None, None), ("a", 50, 10.0, None, PARIS)]
    found = payments_fraud.alerts(payments(*rows, ("a", 170, 10.0, None, BERLIN)))
    assert found["payment"].tolist() == ["p2"]
    assert abs(float(found["found"].iloc[0]) - 877.5 / (50 / 60)) < 2


def test_a_device_is_new_for_its_first_payment_if_the_card_has_paid_before() -> None:
    rows = [("a", 0, 10.0, "old", None), ("a", 60, 50.0, "new", None), ("a", 120, 200.0, "new", None)]
    found = payments_fraud.alerts(payments(*rows, ("b", 0, 900.0, "first", None)))
    assert found[["payment", "rule", "found"]].to_numpy().tolist() == [["p1", "device", 5.0]]


def test_rules_differ_where_only_one_refuses() -> None:
    rows = [("a", 0, 600.0, None, None), ("a", 60, 700.0, None, None), ("b", 0, 20.0, None, None)]
    judged = payments_parallel_run.verdicts(payments(*rows, ("b", 60, 150.0, None, None)))
    assert judged[["payment", "old", "new"]].to_numpy().tolist() == [
        ["p0", True, False],
        ["p1", True, False],
        ["p2", False, False],
        ["p3", False, True],
    ]
    assert payments_parallel_run.days(judged)[["only_old", "only_new"]].to_numpy().tolist() == [[2, 1]]
    assert cards.usual_amount(judged).fillna(0).tolist() == [0, 600, 0, 20]


def test_a_vehicle_that_goes_from_zone_to_zone_leaves_one_and_enters_the_other() -> None:
    places = [(49.01, 2.4), (49.01, 2.55), (48.96, 2.43), (48.9, 2.4)]
    positions = pd.DataFrame(places, columns=["latitude", "longitude"]).assign(vehicle="a", at=0)
    positions["ts"] = START + pd.to_timedelta(positions.index, unit="min")
    late = positions.iloc[[3]]
    crossed = logistics_eta.crossings(positions, late.iloc[:0])
    assert sorted(crossed[["event", "zone"]].to_numpy().tolist()) == [
        ["entry", "LFPB"],
        ["entry", "LFPG"],
        ["exit", "LFPB"],
        ["exit", "LFPG"],
    ]
    assert len(logistics_eta.crossings(positions, late)) == 3


def test_a_sensor_is_stuck_after_two_hours_of_one_value_and_silence_begins_anew() -> None:
    steady = [(minute, 5.0) for minute in range(0, 125, 10)]
    found = list(condition_stuck.faults(readings(*steady, (130, 5.0), (140, 6.0)), START))
    assert [(kind, minutes(since), minutes(at)) for _, kind, since, at in found] == [("stuck", 0, 130)]
    interrupted = [(minute, 5.0) for minute in (*range(0, 100, 10), *range(121, 200, 10))]
    found = list(condition_stuck.faults(readings(*interrupted), START + pd.Timedelta("4h")))
    assert [(kind, minutes(since), minutes(at)) for _, kind, since, at in found] == [
        ("silent", 90, 120),
        ("silent", 191, 221),
    ]


def test_a_storm_ends_with_the_first_calm_reading_or_before_a_gap() -> None:
    found = list(
        condition_events.events(
            readings((0, 14.9), (10, 15.1), (20, 12.0), (30, 11.9), (40, 16), (71, 17), (81, 12), (111, 18), (121, 3))
        )
    )
    assert [(minutes(start), minutes(end), top, n, by) for _, start, end, top, n, by, _ in found] == [
        (10, 30, 15.1, 2, "condition"),
        (40, 40, 16, 1, "gap"),
        (71, 121, 18, 3, "condition"),
    ]


def test_eleven_spikes_are_many_and_an_hour_begins_every_five_minutes() -> None:
    found = condition_spikes.hours(readings(*[(minute, 130.0) for minute in range(11)], (11, 120.0)))
    assert [minutes(start) for start in sorted(found["window_start"])] == list(range(-45, 5, 5))
    assert set(found["spikes"]) == {11}
    # A mean of 100 is not above it.
    low = condition_spikes.hours(readings(*[(minute, 130.0) for minute in range(11)], (30, -230.0)))
    assert [minutes(start) for start in sorted(low["window_start"])] == list(range(-45, -25, 5))
