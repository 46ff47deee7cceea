"""Pages of the reference with a table of what modules do: each row is held, and written, by the test of its module.

So tests of different stages fill one page, and none of them touches another's rows. `MATRIX=write python -m pytest …`
writes the rows of the tests that it runs.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NOTHING = "—"


@dataclass(frozen=True)
class Page:
    """A page: text, then a table with a row for each of `modules`, in their order, and a column for each step."""

    path: Path
    text: str
    first: str
    steps: tuple[str, ...]
    modules: tuple[str, ...]

    def hold(self, module: str, cells: Sequence[str]) -> None:
        """The row of a module says what its test has just seen."""
        assert len(cells) == len(self.steps), cells
        seen = f"| `{module}` | {' | '.join(cells)} |"
        if os.environ.get("MATRIX") == "write":
            self._write(module, seen)
        told = self._rows().get(module)
        assert told == seen, f"{self.path.name} says {told}, and it is {seen}: {self._renew}"

    def hold_outline(self) -> None:
        """Beside the rows themselves everything is as it should be: text, columns, a row for each module."""
        if os.environ.get("MATRIX") == "write":
            self._write("", "")
        rows, expected = list(self._rows()), list(self.modules)
        strange = sorted({*rows} ^ {*expected})
        assert not strange, (
            f"{', '.join(strange)}: each module has a row of its own, and each row a test that holds it"
        )
        assert rows == expected, self._renew
        assert self.path.read_text() == self._whole(self._rows()), self._renew

    @property
    def _renew(self) -> str:
        return "MATRIX=write python -m pytest, with the tests of these modules, writes it anew"

    def _rows(self) -> dict[str, str]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return {line.split("`")[1]: line for line in lines if line.startswith("| `")}

    def _whole(self, rows: dict[str, str]) -> str:
        head = f"| {self.first} | {' | '.join(self.steps)} |\n|---|{'---|' * len(self.steps)}\n"
        return self.text + head + "".join(f"{rows[name]}\n" for name in self.modules if name in rows)

    def _write(self, module: str, row: str) -> None:
        with Path(__file__).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.path.write_text(self._whole({**self._rows(), module: row}))
