"""What a build gives: the images that it was asked for, and those that it says it has made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Output"]


@dataclass(slots=True, eq=False)
class Output:
    """The images of one build, load or import, as far as they are known by now.

    Attributes:
        names: The complete references that it was asked to give.
        made: The full ids of what it says it has made.
        is_unfinished: Whether it may have made something without a name that it has not told of yet.
        is_unread: Whether what it is asked and says cannot be understood, so that anything new may be its.
    """

    names: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    is_unfinished: bool = False
    is_unread: bool = False

    def may_be(self, full_id: str, names: Collection[str]) -> bool:
        """Return whether an image that is new, or newly called so, may be of this build.

        Args:
            full_id: Its id.
            names: Its complete references.
        """
        if self.is_unread or full_id in self.made or not self.names.isdisjoint(names):
            return True
        return self.is_unfinished and not names
