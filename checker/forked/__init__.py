"""Runs pytest in processes of their own that need not begin from nothing: what takes half a second is imported once."""

from checker.forked.process import Forked, start_pytest

__all__ = ["Forked", "start_pytest"]
