"""What a rule of the guard raises: the sentence, and the HTTP status that goes with it."""

from __future__ import annotations

from checker.guard.message import Denied

__all__ = ["Refused"]


class Refused(ValueError):  # noqa: N818 - said like Denied, which it becomes
    """A rule refuses; ``judge`` turns it into a ``Denied``.

    Args:
        key: The phrase that says it, ``guard.privileged``.
        status: 403 for what is refused, 404 for what does not exist here, 400 for what is no proper request.
        blanks: What goes into the phrase's gaps.
    """

    def __init__(self, key: str, /, *, status: int = 403, **blanks: object) -> None:
        super().__init__(key, blanks)
        self.key = key
        self.status = status
        self.blanks = blanks

    def denied(self, route: str = "") -> Denied:
        """Return the refusal as the proxy sends it."""
        return Denied(key=self.key, blanks=self.blanks, status=self.status, route=route)
