"""What happens around a request that was let through: what becomes the run's own, and what a script gets to see."""

from checker.guard.exchange.exchange import Exchange, learn

__all__ = ["Exchange", "learn"]
