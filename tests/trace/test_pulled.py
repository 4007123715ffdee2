from __future__ import annotations

import pytest

from checker.trace.pulled import Pulled, size
from tests.trace.conftest import entries


def test_a_pull_is_its_layers_with_their_sizes() -> None:
    """Layers that came count with their greatest total, those that were here with nothing; the digest is kept."""
    pulled = Pulled.of(entries("pull_layers")[1].lines)
    assert pulled.layers == (
        ("aa22dc2a5a1e", 0, True),
        ("c01f7d2b3d11", 28412310, False),
        ("03b5a9fe0d72", 1234, False),
    )
    assert (pulled.fresh, pulled.bytes) == (2, 28413544)
    assert pulled.digest.startswith("sha256:51e902")


def test_a_tag_is_no_layer() -> None:
    """The first line, which names the tag as if it were a layer's id, is not counted."""
    assert Pulled.of([{"status": "Pulling from library/redis", "id": "7"}]).layers == ()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (534, "534 B"), (999, "999 B"), (1000, "1.0 kB"), (28412310, "28.4 MB"), (3 * 10**12, "3000.0 GB")],
)
def test_a_size_is_written_as_docker_writes_it(count: int, expected: str) -> None:
    """Thousands, one place after the point, and a blank at which no line is broken."""
    assert size(count) == expected.replace(" ", "\u00a0")
