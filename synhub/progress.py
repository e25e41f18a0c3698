"""How far a long command is, on standard error: a bar on a terminal, now and then a line elsewhere. Decides nothing."""

import sys
import time
from typing import TextIO

_WIDTH = 30
_BAR_S, _LINE_S = 0.2, 15.0


class Progress:
    """Shows one activity after the other. `tell` is cheap: it may be called often."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._activity = ""
        self._started_s = self._shown_s = 0.0

    def tell(self, activity: str, done: int, whole: int) -> None:
        """Say what is being done and how much of it, in any unit; `whole` is 0 where nobody knows."""
        now = time.monotonic()
        if activity != self._activity:
            self.close()
            self._activity, self._started_s = activity, now
            self._shown_s = now if not self._bar else 0.0
        if now - self._shown_s < (_BAR_S if self._bar else _LINE_S):
            return
        self._shown_s = now
        rate = f"{done / max(now - self._started_s, 0.001):,.0f}/s"
        part = f"{100 * done // whole} %" if whole else f"{done:,}"
        if self._bar:
            filled = "#" * (_WIDTH * done // whole) if whole else ""
            self._stream.write(f"\r{activity:10} [{filled:{_WIDTH}}] {part} {rate}\033[K")
        else:
            self._stream.write(f"{activity}: {part}, {rate}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the activity, with a line that says how long it took."""
        if self._activity:
            took = f"{self._activity}: {time.monotonic() - self._started_s:.1f} s"
            self._stream.write(f"\r{took}\033[K\n" if self._bar else f"{took}\n")
            self._stream.flush()
        self._activity = ""
