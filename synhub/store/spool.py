"""A child's output on its way to a slow reader: a thread puts it into a file as it comes, the reader takes it there.

So child and snapshot are free when the child has written, however slowly a client reads. Answers for the thread and
the file, which has no name and goes with its last user. Must not know what the bytes are.
"""

import errno
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from synhub.errors import DiskFull
from synhub.store.children import Stream

_CHUNK_BYTES = 1 << 18
_FULL = "the disk of the server has no room for this answer; ask for less, or try again later"


class Spool(Iterator[bytes]):
    """`start`, and then the bytes of `stream`, in chunks, from the first that there is; to be read by one thread.

    `held` is let go when the stream has ended. `reserve_bytes` of the disk stay free. Raises what the stream does,
    after the bytes that came before, and DiskFull. Closing or dropping it ends the stream; while the reader waits for
    more, another thread can abandon it.
    """

    def __init__(
        self,
        stream: Stream,
        held: AbstractContextManager[object],
        folder: Path,
        reserve_bytes: int,
        start: bytes = b"",
    ) -> None:
        self._state = _State(tempfile.TemporaryFile(dir=folder, buffering=0), reserve_bytes)  # noqa: SIM115
        self._stream = stream
        self._position = 0
        self._abandoned = False
        # A response that the client left is dropped, not closed. In a circle __del__ could come after the file's own.
        self._give_up = weakref.finalize(self, _give_up, self._state, stream)
        threading.Thread(
            target=_fill, args=(self._state, stream, held, start), name="synhub-spool", daemon=True
        ).start()

    def wait(self) -> None:
        """Return when there is something to read. Raises what went wrong before that."""
        with self._closed_by_error():
            self._state.wait(0)

    def wait_for_all(self) -> int:
        """Return how many bytes there are as soon as no more will come. Raises what went wrong."""
        with self._closed_by_error():
            return self._state.wait_for_end()

    def __next__(self) -> bytes:
        if not self._give_up.alive or not self._has_more():
            self.close()
            raise StopIteration
        chunk = os.pread(self._state.file.fileno(), _CHUNK_BYTES, self._position)
        self._position += len(chunk)
        return chunk

    def _has_more(self) -> bool:
        try:
            with self._closed_by_error():
                return self._state.wait(self._position)
        except Exception:
            if self._abandoned:
                return False
            raise

    @contextmanager
    def _closed_by_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:  # its traceback knows this spool, and the state knows the error
            self.close()
            raise

    def abandon(self) -> None:
        """Kill the child if it still writes: whoever waits for its bytes waits no longer, and gets no more."""
        self._abandoned = True
        self._stream.kill()

    def close(self) -> None:
        """Give up: the child is killed if it still writes."""
        self._give_up()


class _State:
    """What both sides share; the thread must not hold the Spool itself, or dropping that would end nothing."""

    def __init__(self, file: IO[bytes], reserve_bytes: int) -> None:
        self.file = file
        self._reserve_bytes = reserve_bytes
        self._changed = threading.Condition()
        self._size = 0
        self._users = 2
        self._ended = False
        self._error: BaseException | None = None

    def write(self, data: bytes) -> None:
        disk = os.fstatvfs(self.file.fileno())
        if disk.f_bavail * disk.f_frsize < self._reserve_bytes + len(data):
            raise DiskFull(_FULL)
        view = memoryview(data)
        while view:
            view = view[self.file.write(view) :]
        with self._changed:
            self._size += len(data)
            self._changed.notify_all()

    def end(self, error: BaseException | None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()
        self.let_go()

    def wait(self, position: int) -> bool:
        """Return whether there is more than `position` bytes, as soon as that is known. Raises what the child did."""
        with self._changed:
            self._changed.wait_for(lambda: self._size > position or self._ended)
            if self._size > position:
                return True
            if self._error is not None:
                raise self._error
            return False

    def wait_for_end(self) -> int:
        """Return the size when all has been written. Raises what the child did."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended)
            if self._error is not None:
                raise self._error
            return self._size

    def let_go(self) -> None:
        with self._changed:
            self._users -= 1
            if self._users == 0:
                self.file.close()


def _give_up(state: _State, stream: Stream) -> None:
    stream.kill()
    state.let_go()


def _fill(state: _State, stream: Stream, held: AbstractContextManager[object], start: bytes) -> None:
    error: BaseException | None = None
    try:
        with held, stream:
            if start:
                state.write(start)
            for chunk in stream:
                state.write(chunk)
    except OSError as failure:
        full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
        error = DiskFull(_FULL) if full else failure
    except BaseException as failure:
        error = failure
    state.end(error)
