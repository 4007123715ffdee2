"""A reverse proxy before the Docker engine's API: it judges what a learner's script asks for, and remembers it."""

from checker.guard.ledger import Ledger
from checker.guard.limits import Limits
from checker.guard.message import Grants
from checker.guard.serve import Guard
from checker.guard.transcript import Entry, Transcript

__all__ = ["Entry", "Grants", "Guard", "Ledger", "Limits", "Transcript"]
