"""``UsageError``: asked for in a way that cannot be; exit code 2."""

from __future__ import annotations

from checker.phrase import KataError

__all__ = ["UsageError"]


class UsageError(KataError):
    """Somebody asked for something in a way that cannot be; the message says how it can."""
