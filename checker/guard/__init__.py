"""A reverse proxy before the Docker engine's API: it judges what a learner's script asks for, and remembers it.

``checker.guard.serve.Guard`` runs one; it is imported where one is run, since it takes asyncio and h11 with it.
"""

from checker.guard.ledger import Ledger
from checker.guard.message import Grants
from checker.guard.transcript import Entry, Transcript

__all__ = ["Entry", "Grants", "Ledger", "Transcript"]
