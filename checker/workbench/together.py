"""Has the engine do several things at the same time that do not depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["together"]

AT_ONCE = 8


def together(*jobs: Callable[[], object]) -> None:
    """Do all of these, side by side, and return when the last one is done.

    Raises:
        Exception: What the first of them raised that did not go well; the others have been carried out all the same.
    """
    if len(jobs) < 2:
        for job in jobs:
            job()
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - 10 ms that collecting tests need not pay

    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(job) for job in jobs]
    for future in futures:
        future.result()
