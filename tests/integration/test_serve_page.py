"""The page of `headrace serve` in headless Chromium, as a user works with it: a real server, a real table."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from headrace.project.paths import Project
from support.services.browser import browser
from support.services.processes import serving
from support.worlds import anomalies, pumps
from support.worlds.turbines import DOUBTED, END, EVERY, OUT, READINGS, SPIKES, START, farm, time_of

TOKEN = "a token of the control room"  # noqa: S105 - a test's own
LIMIT_MS = 90_000
expect.set_options(timeout=LIMIT_MS)


@pytest.fixture(scope="module")
def project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return farm(pytestconfig.rootpath, tmp_path_factory.mktemp("farm"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def address(project: Project) -> Iterator[str]:
    with serve(project) as made:
        yield made


@contextmanager
def serve(project: Project, *options: str) -> Iterator[str]:
    """Run `headrace serve` as a separate process; yield the address that it prints."""
    log = project.root / f"serve{len(options)}.log"
    command = [sys.executable, "-c", "from headrace.cli import main; main()", "serve", "--json", *options]
    environment = {
        **os.environ,
        "HEADRACE_PROJECT": str(project.root),
        "HEADRACE_HOME": str(project.home),
        "SERVE_TOKEN": TOKEN,
        "PYTHONUNBUFFERED": "1",
    }
    with serving(command, log, lambda: log.read_text().endswith("}\n"), environment):
        yield json.loads(log.read_text())["address"]


HALLOWEEN = datetime(2015, 10, 31, tzinfo=UTC)
STATES = ["RUN", "RUN", "STOP", "<b>I/O & Timeout</b>", "RUN"]
"""A word every six hours from HALLOWEEN on; the fourth one is bad."""


@pytest.fixture(scope="module")
def unlisted(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve two days around a change of the clocks in New York, of tags that are not listed."""
    project = pumps.empty_plant(pytestconfig.rootpath, tmp_path_factory.mktemp("unlisted"))
    flow = [("T.flow", HALLOWEEN + at * EVERY, at % 7 - 3.0, 0) for at in range(2 * 144)]
    states = [
        ("T.state", HALLOWEEN + at * timedelta(hours=6), word, 0x80000000 if at == 3 else 0)
        for at, word in enumerate(STATES)
    ]
    others = [
        ("A*B", HALLOWEEN, 1.0, 0),
        ("A1B", HALLOWEEN, 1.0, 0),
        ("A~~*", HALLOWEEN, 1.0, 0),
        ("T.old", datetime(2013, 5, 1, tzinfo=UTC), 2.0, 0),
    ]
    pumps.store(project, [*flow, *states, *others])
    with serve(project) as made:
        yield made


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with tab(chromium, address) as made:
        yield made


@contextmanager
def tab(chromium: Browser, address: str, *expected: str, zone: str = "Europe/Paris") -> Iterator[Page]:
    """Open a new tab; fail on an error of the page that is not `expected`, and on a request to another host."""
    with chromium.new_context(viewport={"width": 1200, "height": 700}, timezone_id=zone) as context:
        faults: list[str] = []
        made = context.new_page()
        made.set_default_timeout(LIMIT_MS)
        made.on(
            "console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None
        )
        made.on("pageerror", lambda error: faults.append(str(error)))
        made.on(
            "request",
            lambda request: None if request.url.startswith((address, "blob:", "data:")) else faults.append(request.url),
        )
        yield made
        assert [fault for fault in faults if not any(known in fault for known in expected)] == []


def opened(page: Page, address: str, *tags: str, start: datetime = START, end: datetime = END) -> None:
    """Open the page and wait for the chart of these tags, or without any for the list of all tags."""
    span = "&".join(
        f"{name}={time.isoformat().replace('+00:00', 'Z')}" for name, time in (("start", start), ("end", end))
    )
    page.goto(f"{address}#{''.join(f'tag={tag}&' for tag in tags)}{span}")
    if tags:
        drawn(page)
    else:
        expect(page.locator("#status")).to_have_text("Choose a tag from the list.", timeout=LIMIT_MS)


def drawn(page: Page) -> None:
    """Wait until the chart shows the answer to the last request."""
    expect(page.locator("#status")).to_contain_text("drawn", timeout=LIMIT_MS)
    expect(page.locator("#chart")).to_have_attribute("aria-busy", "false", timeout=LIMIT_MS)


def traces(page: Page, meta: str | None = None) -> list[dict[str, Any]]:
    """Return the traces given to Plotly: the lines of tags, or the marks of one kind."""
    script = "meta => document.getElementById('chart').data.filter(each => (each.meta ?? null) === meta)"
    result: list[dict[str, Any]] = page.evaluate(script, meta)
    return result


def in_utc(number: int) -> str:
    """Return the time of a reading in the form that Plotly gets."""
    return time_of(number).isoformat(timespec="milliseconds").removesuffix("+00:00")


def span(page: Page) -> tuple[datetime, datetime]:
    """Return the span in the page's address, from the page itself: Playwright hears of a new address later."""
    kept = dict(parse_qsl(page.evaluate("location.hash.slice(1)")))
    return datetime.fromisoformat(kept["start"]), datetime.fromisoformat(kept["end"])


def dragged(page: Page, first: float, second: float) -> None:
    """Drag from one share of the chart's width to another."""
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * first, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * second, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()


def test_it_opens_on_the_newest_week_of_the_first_tag_found(page: Page, address: str) -> None:
    page.goto(address)
    drawn(page)
    assert span(page)[1] - (END - EVERY) < EVERY
    assert (span(page)[1] - span(page)[0]).days == 7
    expect(page.locator("#span")).to_contain_text("UTC, 7 d")
    assert len(page.locator(".chip").all()) == 1


def test_tags_are_searched_chosen_and_drawn_together_and_dragging_zooms(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_role("searchbox").fill("nacelle turbine")
    expect(page.locator("#found")).to_have_text("2 tags")
    expect(page.locator("#results li").first).to_contain_text("wind at the nacelle of turbine 1")
    page.locator("#results button", has_text="W1.wind_speed").click()
    page.get_by_role("searchbox").fill("w1.p*")
    expect(page.locator("#found")).to_have_text("1 tag")
    page.locator("#results button", has_text="W1.power").click()
    expect(page.locator(".chip .name")).to_have_text(["W1.wind_speed", "W1.power"])
    drawn(page)
    assert [(each["name"], each["yaxis"]) for each in traces(page)] == [("W1.wind_speed", "y"), ("W1.power", "y3")]
    coarse = len(traces(page)[0]["x"])

    with page.expect_response(lambda answer: "/api/plot" in answer.url) as response:
        dragged(page, 0.5, 0.6)
    assert int(dict(parse_qsl(response.value.url))["pixels"]) > 500
    drawn(page)
    start, end = span(page)
    assert abs((start - START) / (END - START) - 0.5) < 0.01
    assert abs((end - START) / (END - START) - 0.6) < 0.01
    assert len(traces(page)[0]["x"]) < coarse

    page.locator("#chart .nsewdrag").first.dblclick()
    expect(page).to_have_url(re.compile(re.escape(START.isoformat()[:19].replace(":", "%3A"))))
    page.get_by_role("button", name="Remove W1.power").click()
    expect(page.locator(".chip .name")).to_have_text(["W1.wind_speed"])


def test_bad_and_uncertain_time_are_marked(page: Page, address: str) -> None:
    opened(page, address, "W1.wind_speed", "W1.power", start=time_of(2400), end=time_of(3400))
    (bad,), (uncertain,) = traces(page, "bad"), traces(page, "uncertain")
    for marked, numbers in ((bad, OUT), (uncertain, DOUBTED)):
        edges = [in_utc(number) for number in (numbers.start, numbers.stop)]
        assert marked["x"][:2] == edges
    assert page.locator("#chart .scatterlayer .trace .points path").count() > 3
    expect(page.locator("#status")).to_contain_text("some bad · some uncertain")


def test_the_csv_download_of_the_page_is_that_of_the_api(page: Page, address: str, tmp_path: Path) -> None:
    opened(page, address, "W1.wind_speed", "W2.wind_speed", start=time_of(100), end=time_of(200))
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    saved.value.save_as(tmp_path / "seen.csv")
    parameters = {
        "tag": ["W1.wind_speed", "W2.wind_speed"],
        "start": time_of(100).isoformat(),
        "end": time_of(200).isoformat(),
    }
    known = httpx.get(f"{address}api/readings.csv", params=parameters, timeout=60).text
    assert (tmp_path / "seen.csv").read_text() == known
    assert len(known.splitlines()) == 201


def test_a_span_that_is_too_long_is_reported_with_the_fix(chromium: Browser, address: str) -> None:
    with tab(chromium, address, "400 (Bad Request)") as page:
        page.goto(f"{address}#tag=W1.power&start=1990-01-01T00:00:00Z&end=2026-01-01T00:00:00Z")
        expect(page.get_by_role("alert").first).to_have_text(
            "a span of 13,149 days is longer than 3,660: choose less time"
        )
        page.get_by_role("button", name="7 d").click()
        expect(page.locator("#problem")).to_be_hidden()


def test_curves_of_the_view_before_do_not_stay_under_an_error(chromium: Browser, address: str) -> None:
    with tab(chromium, address, "400 (Bad Request)") as page:
        opened(page, address, "W1.power")
        curves = "document.getElementById('chart').data.length"
        page.wait_for_function(f"{curves} > 0")
        page.goto(f"{address}#tag=W1.power&tag=W9.power&start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00Z")
        expect(page.locator("#problem")).to_contain_text("there is no tag 'W9.power'")
        page.wait_for_function(f"{curves} === 0")
        page.get_by_label("Remove W9.power").click()
        expect(page.locator("#problem")).to_be_hidden()
        page.wait_for_function(f"{curves} > 0")


def test_a_stopped_server_is_reported_on_the_page(chromium: Browser, project: Project) -> None:
    with ExitStack() as running:
        address = running.enter_context(serve(project))
        with tab(chromium, address, "ERR_CONNECTION_REFUSED") as page:
            opened(page, address, "W1.power")
            running.close()
            page.get_by_role("button", name="Later").click()
            expect(page.locator("#problem")).to_contain_text("the server does not answer")


def test_the_keyboard_and_the_buttons_move_in_time_and_back_returns(page: Page, address: str) -> None:
    opened(page, address, "W1.power", start=time_of(1000), end=time_of(1100))
    page.locator("#chart").focus()
    page.keyboard.press("ArrowRight")
    drawn(page)
    assert span(page) == (time_of(1025), time_of(1125))
    page.get_by_role("button", name="Zoom out").click()
    assert span(page) == (time_of(975), time_of(1175))
    page.get_by_role("button", name="All").click()
    expect(page).to_have_url(re.compile("start=2026-03-01T00%3A00"))
    page.go_back()
    assert span(page) == (time_of(975), time_of(1175))
    drawn(page)
    expect(page.locator("#span")).to_have_text("2026-03-07 18:30:00 to 2026-03-09 03:50:00 UTC, 33.3 h")


def test_times_are_drawn_and_zoomed_in_utc_or_the_browsers_own_zone(page: Page, address: str) -> None:
    opened(page, address, "W1.power", start=time_of(0), end=time_of(144))
    for zone, begins, tick in (
        ("UTC", "2026-03-01 00:00:00", "00:00Mar 1, 2026"),
        ("Europe/Paris", "2026-03-01 01:00:00", "03:00Mar 1, 2026"),
    ):
        page.get_by_label("Times in").select_option(zone)
        expect(page.locator("#span")).to_contain_text(f"{begins} to ")
        expect(page.locator("#span")).to_contain_text(f" {zone}, 24 h")
        drawn(page)
        # The axis is UTC in any zone; its labels are of the zone.
        assert traces(page)[0]["x"][0] == in_utc(0)
        ticks = page.locator("#chart .xtick text").all_text_contents()
        assert ticks[0] == tick
        # The very first reading is at the left edge of the chart.
        line = page.locator("#chart .scatterlayer .js-line").first.get_attribute("d")
        assert abs(float(re.split("[M,]", line or "")[1])) < 1
        dragged(page, 0.25, 0.75)
        expect(page.locator("#span")).to_contain_text(" 12")
        assert abs((span(page)[0] - time_of(36)).total_seconds()) < 300
        page.go_back()
        drawn(page)


def test_an_hour_that_the_clock_shows_twice_is_drawn_once_after_the_other(chromium: Browser, unlisted: str) -> None:
    with tab(chromium, unlisted, zone="America/New_York") as page:
        start = HALLOWEEN + timedelta(days=1, hours=4)
        opened(page, unlisted, "T.flow", start=start, end=start + timedelta(hours=4))
        page.get_by_label("Times in").select_option("America/New_York")
        drawn(page)
        times = traces(page)[0]["x"]
        assert times == sorted(times)
        ticks = page.locator("#chart .xtick text").all_text_contents()
        assert [tick for tick in ticks if tick.startswith("01:00")] == ["01:00UTC-04:00", "01:00UTC-05:00"]
        expect(page.locator("#span")).to_have_text("2015-11-01 00:00:00 to 2015-11-01 03:00:00 America/New_York, 4 h")
        box = page.locator("#chart .nsewdrag").first.bounding_box()
        assert box
        for share, clock in ((0.375, "01:30:00 UTC-04:00"), (0.625, "01:30:00 UTC-05:00"), (0.875, "02:30:00")):
            page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
            expect(page.locator(".hoverlayer .legendtitletext")).to_have_text(f"2015-11-01 {clock}")


def test_a_text_has_a_lane_with_its_words_and_is_bad_only_where_it_was_stored_so(
    chromium: Browser, unlisted: str
) -> None:
    with tab(chromium, unlisted) as page:
        opened(page, unlisted, "T.state", "T.flow", start=HALLOWEEN, end=HALLOWEEN + timedelta(days=2))
        (bad,) = traces(page, "bad")
        assert [time[:13] for time in bad["x"][:2]] == ["2015-10-31T18", "2015-11-01T00"]
        assert [each["name"] for each in traces(page)] == ["T.flow"]
        shown = page.locator("#chart .scatterlayer .textpoint text").all_text_contents()
        assert shown == ["RUN", "STOP", "<b>I/O & Time…", "RUN"]
        box = page.locator("#chart .nsewdrag").nth(1).bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.44, box["y"] + 5)
        expect(page.locator(".hoverlayer")).to_contain_text("<b>I/O & Timeout</b> (bad)")
        opened(page, unlisted, "T.state", start=HALLOWEEN, end=HALLOWEEN + timedelta(hours=12))
        assert traces(page, "bad") == []
        expect(page.locator("#status")).not_to_contain_text("bad")


def test_a_tag_that_is_not_listed_is_found_and_one_with_a_wildcard_in_its_name_is_chosen_alone(
    chromium: Browser, unlisted: str
) -> None:
    with tab(chromium, unlisted) as page:
        opened(page, unlisted, start=HALLOWEEN, end=HALLOWEEN + timedelta(days=1))
        page.get_by_role("searchbox").fill("t.")
        expect(page.locator("#results .name")).to_have_text(["T.flow", "T.old", "T.state"])
        page.get_by_role("searchbox").fill("a*b")
        page.locator("#results button", has_text="A*B").click()
        drawn(page)
        expect(page.locator(".chip .name")).to_have_text(["A*B"])
        expect(page.locator("#results button[aria-pressed=true]")).to_have_count(1)
        page.get_by_role("button", name="Remove A*B").click()
        expect(page.locator(".chip")).to_have_count(0)
        page.get_by_role("searchbox").fill("a~~~~*")
        page.locator("#results button", has_text="A~~*").click()
        drawn(page)
        expect(page.locator(".chip .name")).to_have_text(["A~~*"])
        opened(page, unlisted, "t.*", start=HALLOWEEN, end=HALLOWEEN + timedelta(days=1))
        page.get_by_role("button", name="Remove T.old").click()
        expect(page.locator(".chip .name")).to_have_text(["T.flow", "T.state"])


def test_an_empty_span_says_when_the_last_reading_was_and_leads_to_it(chromium: Browser, unlisted: str) -> None:
    with tab(chromium, unlisted) as page:
        opened(page, unlisted, "T.old", "T.flow", "P2.flow", start=datetime(2015, 1, 1, tzinfo=UTC), end=HALLOWEEN)
        expect(page.locator("#silent li")).to_have_text([
            re.compile(r"T\.old has no readings in these 303 d\. The last before: 2013-05-01 00:00:00"),
            re.compile(r"T\.flow has no readings .*The next: 2015-10-31 00:00:00"),
            "P2.flow has no readings at all.",
        ])  # fmt: skip
        assert page.locator("#chart .ytick").count() == 0
        page.get_by_role("button", name="The last before: 2013-05-01").click()
        expect(page.locator("#silent li").first).to_contain_text("T.flow")
        start, end = span(page)
        assert start < datetime(2013, 5, 1, tzinfo=UTC) < end
        drawn(page)
        assert traces(page)[0]["y"] == [2.0]


@pytest.mark.parametrize(
    ("hash_", "message"),
    [
        ("start=yesterday&end=2015-11-01T00:00:00Z", "start=yesterday in the address is not a time"),
        ("start=2015-13-01&end=x", "start=2015-13-01 in the address is not a time; end=x in the address is not a time"),
        ("end=2015-11-01T00:00:00Z", "the address has no start"),
        ("start=2015-11-02&end=2015-11-01", "in the address, the end is not after the start"),
        ("zone=Mars", "zone=Mars in the address is neither UTC nor local"),
    ],
)
def test_an_address_that_is_not_valid_is_reported_with_what_is_shown_instead(
    chromium: Browser, unlisted: str, hash_: str, message: str
) -> None:
    with tab(chromium, unlisted) as page:
        page.goto(f"{unlisted}#tag=T.flow&{hash_}")
        drawn(page)
        shown = "2015-10-25 23:50:00 to 2015-11-01 23:50:00 UTC, 7 d"
        expect(page.locator("#address")).to_have_text(f"{message}: the page shows {shown}")
        page.get_by_role("button", name="8 h").click()
        expect(page.locator("#address")).to_be_hidden()


def test_a_server_with_a_token_asks_for_it_and_keeps_it_out_of_addresses(project: Project, chromium: Browser) -> None:
    with serve(project, "--token", "${env:SERVE_TOKEN}") as address, tab(chromium, address, "401") as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.get_by_label("requires a token").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#refused")).to_have_text("The server does not accept this token.")
        page.get_by_label("requires a token").fill(TOKEN)
        page.keyboard.press("Enter")
        drawn(page)
        page.reload()
        drawn(page)
        assert not any("token" in url.removeprefix(address) for url in requests)


def test_the_api_description_is_shown(page: Page, address: str) -> None:
    page.goto(f"{address}docs")
    expect(page.get_by_text("/api/readings.csv")).to_be_visible()


@pytest.fixture(scope="module")
def scored(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the farm with scores of two models and with events."""
    project = farm(pytestconfig.rootpath, tmp_path_factory.mktemp("scored"))
    anomalies.found(project)
    anomalies.append(
        project, "condition.scores", anomalies.scores("W1.wind_speed", anomalies.NEW, range(2000, READINGS))
    )
    said = anomalies.note("W1.power", time_of(2500), 1, acknowledged=True, note="a <b>curtailment</b>")
    anomalies.append(project, "condition.anomaly_notes", [said])
    with serve(project) as made:
        yield made


def test_an_event_opens_with_its_band_its_related_tags_and_the_command(chromium: Browser, scored: str) -> None:
    with tab(chromium, scored) as page:
        opened(page, scored, "W2.wind_speed")
        page.get_by_role("tab", name="Events").click()
        expect(page.locator("#events-found")).to_have_text("5 events")
        page.get_by_label("Tag of the events").fill("w1.")
        expect(page.locator("#events-found")).to_have_text("3 events")
        page.get_by_label("Acknowledged").select_option("false")
        expect(page.locator("#events li")).to_have_count(2)
        page.locator("#events li button", has_text="W1.wind_speed").first.click()
        expect(page.locator(".chip .name")).to_have_text(["W1.wind_speed", "W1.power"])
        drawn(page)
        assert span(page) == (time_of(2500 - 72), time_of(2501 + 72))
        expect(page.locator(".details code")).to_have_text(
            "headrace events acknowledge 'W1.wind_speed' 2026-03-18T08:40"
        )
        (marked,) = (each for each in traces(page, "marked") if each["name"].startswith("W1.wind_speed"))
        assert [value for value in marked["y"] if value is not None] == [SPIKES[2500], SPIKES[2501]]
        assert {each["name"] for each in traces(page, "event")} == {"W1.wind_speed", "W1.power"}
        # The newest model has not found the event: both are shown.
        expected = traces(page, "expected")
        assert [each["name"] for each in expected] == ["W1.wind_speed farm@1", "W1.wind_speed farm@2"]
        assert [len([low for low in each["y"] if low is not None]) for each in expected] == [147, 147]
        address = page.url
    with tab(chromium, scored) as page:  # the address leads to the same event
        page.goto(address)
        drawn(page)
        expect(page.locator(".details")).to_contain_text("With W1.power")


def test_a_band_has_gaps_and_the_model_is_chosen(chromium: Browser, scored: str) -> None:
    with tab(chromium, scored) as page:
        opened(page, scored, "W1.wind_speed", start=time_of(900), end=time_of(2100))
        bands = traces(page, "band")
        assert [each["name"] for each in bands] == ["W1.wind_speed farm@1", "W1.wind_speed farm@2"]
        assert bands[0]["y"].count(None) == 2  # two outlines, before and after the gap
        choice = page.get_by_label("Model whose bands and events are shown")
        choice.select_option("farm@1")
        drawn(page)
        expect(page).to_have_url(re.compile("model=farm%401"))
        assert [each["name"] for each in traces(page, "band")] == ["W1.wind_speed farm@1"]
        choice.select_option("no model")
        drawn(page)
        assert traces(page, "band") == traces(page, "event") == []


def test_two_events_are_compared_and_one_without_readings_says_so(chromium: Browser, scored: str) -> None:
    with tab(chromium, scored, "400 (Bad Request)") as page:
        opened(page, scored, "W1.power")
        page.get_by_role("tab", name="Events").click()
        page.locator("#events li button", has_text="W1.power").click()
        expect(page.locator(".details")).to_contain_text("“a <b>curtailment</b>” ann")
        expect(page.locator(".details")).to_contain_text("No alert: out of regime")
        drawn(page)
        page.get_by_role("button", name="Compare with …").click()
        expect(page.locator("#events-found")).to_have_text("Choose the event to compare with.")
        page.locator("#events li > button", has_text="W2.wind_speed").click()
        expect(page.locator("#compare-chart .ytitle")).to_have_count(1)
        data = page.evaluate("document.getElementById('compare-chart').data.map(({ x, y }) => [x.length, y.length])")
        assert len(data) == 4  # power and wind speed, twice
        assert all(x == y > 100 for x, y in data)
        page.get_by_role("button", name="Close").click()
        page.locator("#events li button", has_text="Gone.flow").click()
        expect(page.locator("#problem")).to_contain_text("outlived the readings of its tags")


def test_a_plant_without_scores_says_why_there_are_no_events(page: Page, address: str) -> None:
    opened(page, address, "W1.power")
    page.get_by_role("tab", name="Events").click()
    expect(page.locator("#events-found")).to_contain_text("No events: no model has scored this plant's readings")
    expect(page.get_by_label("Model whose bands and events are shown")).to_be_hidden()
