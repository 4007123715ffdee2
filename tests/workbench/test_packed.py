from __future__ import annotations

import io
import tarfile

from checker.workbench.packed import packed


def test_an_archive_holds_what_it_was_given() -> None:
    """Paths, contents and permissions are as they were given, in the same order, and belong to root."""
    content = packed({"app/밥": b"rice", "app/empty": b""}, mode=0o755)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = archive.getmembers()
        assert [(each.name, each.mode, each.uid, each.size) for each in members] == [
            ("app/밥", 0o755, 0, 4),
            ("app/empty", 0o755, 0, 0),
        ]
        opened = archive.extractfile("app/밥")
        assert opened is not None
        assert opened.read() == b"rice"
