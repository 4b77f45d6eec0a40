# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions for scripts with an account of their own, so that one process can use several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import api, api_batch, api_reads
from .application import session

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


def _method(
    function: Callable[Arguments, Returned],
) -> Callable[Concatenate[Client, Arguments], Returned]:
    """Return a function as a method that uses the account of its client."""

    @wraps(function)
    def run(self: Client, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> Any:
        context = self._context.copy()  # several threads may use one client
        result = context.run(function, *arguments, **options)
        return _in_context(context, result) if isinstance(result, Iterator) else result

    return run


def _in_context(context: Context, values: Iterator[Any]) -> Iterator[Any]:
    """Yield the values of a generator that runs in a context."""
    while True:
        try:
            value = context.run(next, values)
        except StopIteration:
            return
        yield value


class Client:
    """An account, whose methods are the functions of `mint_blender` with its key.

    The jobs of all clients are in one list, and each job stays with its account.

    Args:
        api_key: The API key; None: that of the environment or the preferences.
        base_url: The address of the API; None: as usual.
        timeout: How many seconds Mint may be unreachable, where a function takes no other timeout;
            None: 180.

    Raises:
        ValueError: The key is empty, or the timeout is not a number above 0.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
    ) -> None:
        self._context = copy_context()
        self._context.run(session.use, api_key, base_url, timeout)

    estimate = _method(api_reads.estimate)
    start = _method(api.start)
    generate = _method(api.generate)
    resume = _method(api.resume)
    approve = _method(api.approve)
    revise = _method(api.revise)
    retry = _method(api.retry)
    cancel = _method(api.cancel)
    place = _method(api.place)
    export = _method(api.export)
    convert = _method(api.convert)
    optimize = _method(api.optimize)
    animate = _method(api.animate)
    batch = _method(api_batch.batch)
    sync_library = _method(api_batch.sync_library)
    jobs = _method(api_reads.jobs)
    models = _method(api_reads.models)
    worlds = _method(api_reads.worlds)
    usage = _method(api_reads.usage)
