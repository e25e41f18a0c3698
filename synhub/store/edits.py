"""Jobs without an upload to prepare: attaching, publishing, sharing, removing, editing.

Each is a plan that the writer takes (or that is made ahead, when it is large), committed like a submission.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal

from synhub.errors import Stopping
from synhub.model import User
from synhub.store.journal import Job, Journal, Upload
from synhub.store.quotas import Quotas
from synhub.store.work import JobFuture, Planned
from synhub.store.writer import NOT_PLANNED, Writer

_THREADS = 2  # that plan ahead


class Edits:
    """Starts such jobs. Thread-safe."""

    def __init__(self, journal: Journal, writer: Writer, quotas: Quotas) -> None:
        self._journal = journal
        self._writer = writer
        self._quotas = quotas
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="synhub-edit")

    def start(
        self,
        user: User,
        action: str,
        namespaces: Iterable[str],
        plan: Callable[[Job], Planned],
        *,
        job_id: str | None = None,
        kind: Literal["edit", "purge"] = "edit",
        options: dict[str, Any] | None = None,
        ahead: bool = False,
        uploads: Sequence[Upload] = (),
    ) -> JobFuture:
        """Queue a job that touches `namespaces`; the future is done when the job is, or carries what `plan` raised.

        `plan` may run twice: it must change nothing but what it returns. `job_id` names a folder that holds `uploads`,
        which it is deleted with when nothing is started.
        With `ahead` the plan is first made in a thread of its own, so that it does not hold up the jobs of others.
        Raises TooLarge, TooMany (the user's quotas), DiskFull.
        """
        if job_id is None:
            job_id, _ = self._journal.new_folder()
        result = JobFuture(job_id)
        try:
            self._quotas.admit(user.username, uploads, result)
            job = self._journal.receive(
                job_id, kind, user.username, namespaces, options={"action": action} | (options or {})
            )
        except BaseException:
            self._journal.delete_folder(job_id)
            result.cancel()  # not under way any more
            raise
        if not ahead:
            self._writer.submit(job, lambda: plan(job)).add_done_callback(lambda done: pass_on(done, result))
            return result
        try:
            task = self._executor.submit(self._ahead, job, plan, result)
        except RuntimeError:  # the executor has been shut down
            self._stop(job, result)
        else:
            task.add_done_callback(lambda done: self._stop(job, result) if done.cancelled() else None)
        return result

    def close(self) -> None:
        """Take no more. Repeats do no harm."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _ahead(self, job: Job, plan: Callable[[Job], Planned], result: "Future[Job]") -> None:
        try:
            draft = self._writer.draft(job, lambda: plan(job))
            future = self._writer.submit(job, lambda: plan(job), draft)
            future.add_done_callback(lambda done: pass_on(done, result))
        except Exception as error:
            self._journal.fail_unplanned(job.id, error)
            result.set_exception(error)

    def _stop(self, job: Job, result: "Future[Job]") -> None:
        error = Stopping(NOT_PLANNED)
        self._journal.fail_unplanned(job.id, error)
        result.set_exception(error)


def pass_on(done: "Future[Job]", result: "Future[Job]") -> None:
    """Give what one future has to another."""
    error = done.exception()
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(done.result())
