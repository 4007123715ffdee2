"""Names that came from somebody else: of files in a submission, and of students."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from checker.grading.note import Refused

__all__ = ["decoded", "is_ordinary", "parts_of", "shown", "slug", "told_apart"]

LONGEST = 200  # bytes; what the usual file systems take is 255
_MARKS = frozenset("._-+@,=~#()[] ")
_DRIVE = re.compile(r"[A-Za-z]:")


def is_ordinary(name: str) -> bool:
    """Return whether a file or folder of this name can be used without care.

    Letters and digits of any script are ordinary; control characters, separators, quotes, what a shell or a
    terminal reads as its own, and a leading ``-``, which a program reads as an option, are not.
    """
    if not name or name in {".", ".."} or len(name.encode("utf-8", "replace")) > LONGEST:
        return False
    return not name.startswith(("-", " ", "~")) and not name.endswith(" ") and all(map(_is_usual, name))


def _is_usual(character: str) -> bool:
    return character in _MARKS or unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"}


def decoded(name: bytes) -> str:
    """Return a name out of an archive as text: UTF-8, else CP949, which Korean Windows writes into zip files.

    What is neither comes back with replacement characters, so that it is not ordinary.
    """
    for encoding in ("utf-8", "cp949"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace")


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a path inside an archive; none for the archive's own top.

    Old Windows programs separate them by backslashes, so both count.

    Raises:
        Refused: It leads out of the folder that it is unpacked into.
    """
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in {"", "."})
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in parts or "\0" in name:
        raise Refused("grading.escapes", file=shown(name))
    return parts


def shown(name: str) -> str:
    """Return a name as a sentence may show it: in one line, what is odd replaced, shortened in the middle."""
    harmless = "".join(c if _is_usual(c) or c in "/:$&'!" else "�" for c in name)
    return harmless if len(harmless) <= 80 else f"{harmless[:50]}…{harmless[-25:]}"


def told_apart(name: str) -> str:
    """Return a student's name harmless to show; two that become alike by that are told apart by a few digits."""
    harmless = " ".join("".join(c if _is_usual(c) else "�" for c in name).split())[:LONGEST]
    return harmless if harmless == name else f"{harmless} {_hash(name)[:6]}"


def slug(name: str) -> str:
    """Return a file name for a student: readable where it can be, and never the same for two."""
    readable = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", name).lower()).strip("-")[:40]
    return f"{readable or 'student'}-{_hash(name)[:12]}"


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
