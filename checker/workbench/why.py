"""Why a script did not do what it was to do: what stands nearest to the cause is what the learner reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checker.engine.found import answers
from checker.phrase import KataError
from checker.verdict import Mistake

if TYPE_CHECKING:
    from checker.workbench.bench import Bench
    from checker.workbench.script import Finished

__all__ = ["why"]

_NOBODY_THERE = frozenset({"docker.daemon_gone", "docker.socket_denied"})


def why(bench: Bench, finished: Finished, otherwise: Mistake) -> Mistake | KataError:
    """Return what explains best how a script ended: a refusal, a missing plugin, Docker's words, its exit code.

    Args:
        bench: Where it ran.
        finished: How it ended.
        otherwise: What to say where nobody says anything.
    """
    from checker.explain.output import explain  # noqa: PLC0415 - only where something went wrong
    from checker.workbench.plugins import missing_plugin  # noqa: PLC0415 - as above

    refusal = bench.gate.refusal(since=finished.first_request) or missing_plugin(finished.said, bench.engine)
    if refusal is not None:
        return refusal
    # who clears away first what may be there hears that it is not, and goes on
    said = finished.said if finished.code else re.sub(r"(?m)^.*No such container: .*$", "", finished.said)
    explained = explain(said, work=bench.work.folder, engine=bench.engine, known_images=bench.exercise.images)
    asks_elsewhere = isinstance(explained, KataError) and explained.key in _NOBODY_THERE
    if explained is not None and asks_elsewhere and answers(bench.engine) is None:
        address = explained.blanks.get("address", "?")
        return Mistake("script.asks_elsewhere", script=finished.script, address=address)
    if explained is not None:
        return explained
    if finished.code == 0:
        return otherwise
    tail = finished.last_lines
    key = "script.failed" if tail else "script.failed_silently"
    return Mistake(key, script=finished.script, code=finished.code, tail=tail)
