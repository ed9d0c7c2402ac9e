"""Where the methods of a link of one's own run.

A link's methods are called one at a time, on one thread of its own or, if they are coroutines and the device was opened by `espprov.aio`,
on the event loop of that. So a method may block without stopping the clock of the call that it is part of.
"""

from __future__ import annotations

import threading
from queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Imported where it is needed: a link without coroutines does without it, and without its 60 ms.
    import asyncio
    from collections.abc import Callable
    from typing import Any

    from espprov._espprov import Reply

    _Job = tuple["Adapter", str, tuple[Any, ...], Reply]

class Adapter:
    """What the extension calls, around a link."""

    def __init__(self, link: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        exchange = getattr(link, "exchange", None)
        if not callable(exchange):
            raise TypeError(f"a target (str) or a link with exchange() is needed, not {type(link).__name__}")
        self._link = link
        self._loop = loop
        self._jobs: SimpleQueue[_Job | None] | None = None
        self._task: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self._lock = threading.Lock()

    def limits(self) -> tuple[int | None, int | None]:
        """Longest request and reply that the link carries, as far as it says so."""
        limits = getattr(self._link, "limits", None)
        if callable(limits):
            limits = limits()
        if limits is None:
            return None, None
        if isinstance(limits, dict):
            return limits.get("max_request"), limits.get("max_response")
        return getattr(limits, "max_request", None), getattr(limits, "max_response", None)

    def submit(self, method: str, arguments: tuple[Any, ...], reply: Reply) -> None:
        """Has a method called soon; never waits."""
        if method != "exchange":
            self._cancel()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, method, arguments, reply)
            return
        with self._lock:
            if self._jobs is None:
                self._jobs = SimpleQueue()
                threading.Thread(target=_serve, args=(self._jobs,), name="espprov-link", daemon=True).start()
            self._jobs.put((self, method, arguments, reply))
            if method == "close":
                self._jobs.put(None)
                self._jobs = None

    def __del__(self) -> None:
        # Nobody knows it any more, and its thread has nothing to wait for. Where it is to be closed all the same, another one does that.
        jobs = getattr(self, "_jobs", None)
        if jobs is not None:
            self._jobs = None
            jobs.put(None)

    def _cancel(self) -> None:
        """A coroutine that is under way ends now: nobody waits for it any more."""
        task = self._task
        if task is not None:
            loop, running = task
            try:
                loop.call_soon_threadsafe(running.cancel)
            except RuntimeError:
                pass  # the loop is closed, and the task with it

    def _begin(self, method: str, arguments: tuple[Any, ...], reply: Reply) -> None:
        loop = self._loop
        assert loop is not None
        before = self._task[1] if self._task is not None else None
        task = loop.create_task(self._await(method, arguments, reply, before))
        self._task = (loop, task)

    async def _await(
        self, method: str, arguments: tuple[Any, ...], reply: Reply, before: asyncio.Task[Any] | None
    ) -> None:
        """One after the other: an exchange that was given up may still be under way."""
        import asyncio

        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            value = self._call(method, arguments)
            if hasattr(value, "__await__"):
                value = await value
        except BaseException as raised:
            reply.failed(raised)
        else:
            _done(reply, method, value)

    def _call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        function: Callable[..., Any] | None = getattr(self._link, method, None)
        if function is None:
            return None  # reconnect() and close() are optional
        return function(*arguments)


def _done(reply: Reply, method: str, value: Any) -> None:
    reply.done(value if method == "exchange" else None)


def _serve(jobs: SimpleQueue[_Job | None]) -> None:
    """The thread of a link, until it is closed, or nobody knows it any more."""
    loops: list[asyncio.AbstractEventLoop] = []
    try:
        while (job := jobs.get()) is not None:
            _do(loops, *job)
            # While it waits, it knows nothing of the link: what a thread knows is there to the end of the program.
            job = None
    finally:
        for loop in loops:
            loop.close()


def _do(
    loops: list[asyncio.AbstractEventLoop], adapter: Adapter, method: str, arguments: tuple[Any, ...], reply: Reply
) -> None:
    """One call of a link; a coroutine runs on the thread's own loop, made by the first."""
    if reply.is_over and method != "close":
        return  # nobody waits for it any more
    try:
        value = adapter._call(method, arguments)
        if hasattr(value, "__await__"):
            if not loops:
                import asyncio

                loops.append(asyncio.new_event_loop())
            value = _run(adapter, loops[0], value)
    except BaseException as raised:
        reply.failed(raised)
    else:
        _done(reply, method, value)


def _run(adapter: Adapter, loop: asyncio.AbstractEventLoop, value: Any) -> Any:
    async def wait() -> Any:
        return await value

    task = loop.create_task(wait())
    adapter._task = (loop, task)
    try:
        return loop.run_until_complete(task)
    finally:
        adapter._task = None
