"""Which requests go to the engine, and in what form: pure, and everything unknown is denied.

``judging`` judges; ``routes`` is the table of what may be asked, ``containers`` and ``objects`` hold a table for each
body, put together from the rules in ``schema``, ``named``, ``mounts`` and ``query``; ``finish`` adds what is ours.
``strict`` and ``target`` read JSON and targets in one way only.
"""

from checker.guard.policy.judging import Matched, judge, match, needs

__all__ = ["Matched", "judge", "match", "needs"]
