"""Files as a tar archive, which is how the engine takes a layer, an image, and what is put into a container."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["packed"]


def packed(files: Mapping[str, bytes], *, mode: int = 0o644) -> bytes:
    """Return an archive of files, in the order in which they are named.

    Args:
        files: Their contents, by the path that each has in the archive.
        mode: Their permissions.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            opened.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
