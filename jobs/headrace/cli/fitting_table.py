"""A table that fits the terminal: if its rows are too wide, each row is printed as a block of lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_PROSE = 24
"""Minimum width of a column of prose, in character cells."""


class FittingTable(Table):
    """A rich table whose cells stay on one line, except those of `prose` columns, which wrap.

    If a row does not fit the available width, columns without any value are left out. If it still does not fit, each
    row is printed as a block with one line per value that is not empty. Columns in `numbers` are aligned right.
    """

    def __init__(
        self, *columns: str, title: str | None = None, numbers: Iterable[str] = (), prose: Iterable[str] = ()
    ) -> None:
        super().__init__(
            title=Text(title) if title else None,
            title_justify="left",
            header_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        numbers, self._prose = set(numbers), set(prose)
        for name in columns:
            self.add_column(
                Text(name),  # a column of a query may be named like markup
                justify="right" if name in numbers else "left",
                overflow="fold",
                no_wrap=name not in self._prose,
                min_width=len(name),
            )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._needs(console) > options.max_width and self.rows:
            self.columns = [column for column in self.columns if any(cell != "" for cell in column.cells)]
        if self._needs(console) <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield from self._blocks()

    def _needs(self, console: Console) -> int:
        """Return the width, in character cells, of the narrowest table in which only prose wraps."""
        widths = [self._width(console, column) for column in self.columns]
        return sum(widths) + 2 * len(widths)  # two between columns, and one at each edge

    def _width(self, console: Console, column: Column) -> int:
        options = console.options.update(width=10_000)
        width = max(Measurement.get(console, options, cell).maximum for cell in (column.header, *column.cells))
        return min(width, _PROSE) if str(column.header) in self._prose else width

    def _blocks(self) -> RenderResult:
        if self.title:
            yield Text(str(self.title), "italic")
        cells = [list(column.cells) for column in self.columns]
        names = max(len(str(column.header)) for column in self.columns)
        for number, row in enumerate(self.rows):
            block = Table.grid(padding=(0, 2, 0, 0))
            block.add_column(style="bold", no_wrap=True, min_width=names)
            block.add_column(overflow="fold")
            for column, values in zip(self.columns, cells, strict=True):
                if values[number] != "":
                    block.add_row(column.header, values[number])
            yield Padding(block, (0 if number == 0 else 1, 0, 0, 0), style=row.style or "", expand=False)
        if self.caption:
            yield Text(str(self.caption), "dim")
