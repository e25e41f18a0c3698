"""How far a long command is, on standard error: a bar on a terminal, now and then a line elsewhere. Decides nothing."""

import sys
import time
from typing import TextIO

_WIDTH = 30
_BAR_S, _LINE_S = 0.2, 15.0
_RATE_S = 1.0  # of less time a rate says nothing


class Progress:
    """Shows one activity after the other. `tell` is cheap: it may be called often."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._activity = ""
        self._started_s = self._shown_s = 0.0

    def tell(self, activity: str, done: int, whole: int, count: int | None = None) -> None:
        """Say what is being done and how much of it, in any unit; `whole` is 0 where nobody knows. `count` is how many
        things that is, where the unit is another."""
        now = time.monotonic()
        if activity != self._activity:
            self.close()
            self._activity, self._started_s = activity, now
            self._shown_s = now if not self._bar else 0.0
        if now - self._shown_s < (_BAR_S if self._bar else _LINE_S):
            return
        self._shown_s = now
        things = done if count is None else count
        taken_s = now - self._started_s
        rate = f" {things / taken_s:,.0f}/s" if things and taken_s > _RATE_S else ""
        part = f"{min(100 * done // whole, 100)} %" if whole else f"{done:,}" if done else "…"
        if self._bar:
            filled = f"[{'#' * min(_WIDTH * done // whole, _WIDTH):{_WIDTH}}] " if whole else ""
            self._stream.write(f"\r{activity:10} {filled}{part}{rate}\033[K")
        else:
            self._stream.write(f"{activity}: {part}{rate}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the activity, with a line that says how long it took."""
        if self._activity:
            took = f"{self._activity}: {time.monotonic() - self._started_s:.1f} s"
            self._stream.write(f"\r{took}\033[K\n" if self._bar else f"{took}\n")
            self._stream.flush()
        self._activity = ""
