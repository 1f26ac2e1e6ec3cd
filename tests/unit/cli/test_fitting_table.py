"""Tables as a terminal of 80 columns shows them."""

from __future__ import annotations

import io

from rich.console import Console

from headrace.cli.fitting_table import FittingTable


def printed(table: FittingTable, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert all(len(line) <= width for line in lines)
    return [line for line in lines if line]


def test_rows_that_fit_are_shown_in_a_table_and_no_cell_wraps() -> None:
    table = FittingTable("job", "time", "rows", numbers=["rows"])
    table.add_row("historian/readings_v1", "2026-03-01 06:00:00 UTC", "1,234")
    assert printed(table) == [
        " job                    time                      rows",
        " " + "─" * 53,
        " historian/readings_v1  2026-03-01 06:00:00 UTC  1,234",
    ]


def test_rows_that_do_not_fit_become_a_block_each_without_empty_cells() -> None:
    table = FittingTable("job", "since", "through", "error", title="jobs")
    table.add_row("historian/readings_v1", "2026-03-01 06:00:00 UTC", "2026-03-01 06:00:00 UTC", "none so far")
    table.add_row("historian/twin_v1", "2026-03-01 06:00:00 UTC", "", "")
    table.caption = "and 3 more"
    assert printed(table) == [
        "jobs",
        "job      historian/readings_v1",
        "since    2026-03-01 06:00:00 UTC",
        "through  2026-03-01 06:00:00 UTC",
        "error    none so far",
        "job      historian/twin_v1",
        "since    2026-03-01 06:00:00 UTC",
        "and 3 more",
    ]


def test_columns_without_a_value_are_left_out_before_rows_become_blocks() -> None:
    table = FittingTable("tag", "low limit", "high limit", "interpolation")
    table.add_row("R80711.outdoor_temperature", "", "", "linear")
    assert printed(table)[0].split() == ["tag", "low", "limit", "high", "limit", "interpolation"]
    assert printed(table, 50)[0].split() == ["tag", "interpolation"]


def test_prose_wraps_in_a_column_as_wide_as_its_heading_at_least() -> None:
    table = FittingTable("job", "description", "text", prose=["description", "text"])
    table.add_row("historian/readings_v1", "every reading of the plant, with its score, as it arrives " * 3, "")
    lines = printed(table)
    assert lines[0].split() == ["job", "description", "text"]
    assert len(lines) == 2 + 4


def test_headings_that_look_like_markup_are_shown_as_they_are() -> None:
    table = FittingTable("values[red]", "[b]", title="[bold]")
    table.add_row("1", "2")
    assert [line.split() for line in printed(table)][:2] == [["[bold]"], ["values[red]", "[b]"]]
    assert printed(table, 16)[1].split() == ["values[red]", "1"]


def test_the_widest_table_that_fits_is_still_a_table() -> None:
    table = FittingTable("a", "b")
    table.add_row("x" * 38, "y" * 38)
    assert printed(table)[0].split() == ["a", "b"]
    table.add_row("x" * 38, "y" * 39)
    assert printed(table)[0].split() == ["a", "x" * 38]
