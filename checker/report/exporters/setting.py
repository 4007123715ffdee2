"""What an exporter has to know beside the grades: language, environment, time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from checker.phrase import Language, Text

__all__ = ["Setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and when grades are exported.

    Attributes:
        language: In which language titles and feedback are written.
        environ: The environment's variables; Classroom 50 says there whose submission it is.
        now: The present moment, in UTC.
    """

    language: Language
    environ: Mapping[str, str]
    now: dt.datetime

    def say(self, text: Text) -> str:
        """Return a sentence in the language of the export."""
        return text.in_language(self.language)
