from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.guard.message import Denied, Head
from checker.guard.policy.judging import match
from checker.guard.policy.refused import Refused
from checker.guard.policy.target import query_text, target
from checker.guard.reference import reference


@pytest.mark.parametrize(
    "text",
    [
        "/v1.41./containers/json",
        "/v1.041/containers/json",
        "/v01.41/containers/json",
        "/v1.41.0.0/containers/json",
        "/v1.41%2F_ping",
        "/%5fping",
        "/v1.41/%63ontainers/json",
        "http://x/_ping",
        "//containers/create",
        "/v1.41//containers/json",
        "/containers/../info",
        "/containers/./json",
        "/containers/%2e%2e/json",
        "/containers/json/",
        "/containers/a b/json",
        "/containers/j\u00e4son",
        "/containers/json;x",
        "/containers/json#x",
        "*",
        "",
        "/" + "a" * 70_000,
    ],
)
def test_an_odd_path_is_refused(text: str) -> None:
    """What Docker's own clients never send as a path, though engines may answer to it, is refused."""
    denied = match(Head(method="GET", target=text))
    assert isinstance(denied, Denied)
    assert denied.key in {"guard.path", "guard.route"}
    assert denied.text.ko


@pytest.mark.parametrize(
    ("text", "version", "path"),
    [
        ("/v1.45/containers/json", "1.45", "/containers/json"),
        ("/v1.24/containers/json", "1.24", "/containers/json"),
        ("/containers/json", "1.41", "/containers/json"),
        ("/_ping", "1.41", "/_ping"),
        ("/v1.45/images/localhost:5000/a%2Fb%40x/json", "1.45", "/images/localhost:5000/a%2Fb%40x/json"),
    ],
)
def test_a_version_is_taken_off(text: str, version: str, path: str) -> None:
    """A path comes with the API version that was asked for, or 1.41 where none was."""
    found = target(text)
    assert (found.version, found.path) == (version, path)


@pytest.mark.parametrize(
    ("version", "key"), [("1.46", "guard.too_new"), ("2.0", "guard.too_new"), ("1.23", "guard.too_old")]
)
def test_other_versions_are_refused_in_the_engines_words(version: str, key: str) -> None:
    """A client that is too new or too old is told so as an engine tells it."""
    with pytest.raises(Refused) as refused:
        target(f"/v{version}/_ping")
    assert refused.value.key == key
    assert f"client version {version} is too" in refused.value.denied().text.en


@pytest.mark.parametrize(
    "query",
    ["a=%zz", "a=%", "a=%f", "a=1;b=2", "a=%ff", "a=%00", "a%20=1", "=1", "a=1&&b=2", "a=1&", "&", "a=\u00e4", "a=1#"],
)
def test_a_query_that_go_reads_otherwise_is_refused(query: str) -> None:
    """Go drops what it cannot decode and takes the next of that name; here it is refused."""
    with pytest.raises(Refused) as refused:
        target(f"/build?{query}")
    assert refused.value.key == "guard.query"


def test_a_query_is_decoded() -> None:
    """Plus and percent stand for what they stand for in Go; the order stays."""
    assert target("/build?t=a%3Ab&t=c+d&q=&x").query == (("t", "a:b"), ("t", "c d"), ("q", ""), ("x", ""))


@given(
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.text(max_size=20).filter(lambda t: "\0" not in t)))
)
def test_a_written_query_reads_as_it_was(pairs: list[tuple[str, str]]) -> None:
    """Whatever is written into a query comes out again, also Korean, ampersands and plus signs."""
    try:
        text = query_text(pairs)
    except UnicodeEncodeError:  # half of a surrogate pair cannot be written
        return
    assert list(target(f"/build{text}").query) == pairs


@pytest.mark.parametrize(
    ("name", "complete", "short"),
    [
        ("redis", "docker.io/library/redis:latest", "redis:latest"),
        ("redis:7", "docker.io/library/redis:7", "redis:7"),
        ("library/redis:7", "docker.io/library/redis:7", "redis:7"),
        ("docker.io/redis:7", "docker.io/library/redis:7", "redis:7"),
        ("index.docker.io/library/redis:7", "docker.io/library/redis:7", "redis:7"),
        ("grafana/loki", "docker.io/grafana/loki:latest", "grafana/loki:latest"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        (f"{'f' * 64}:x", f"docker.io/library/{'f' * 64}:x", f"{'f' * 64}:x"),
        (f"a.io/{'f' * 64}", f"a.io/{'f' * 64}:latest", f"a.io/{'f' * 64}:latest"),
        (f"redis@sha256:{'0' * 64}", f"docker.io/library/redis@sha256:{'0' * 64}", f"redis@sha256:{'0' * 64}"),
    ],
)
def test_a_reference_is_completed(name: str, complete: str, short: str) -> None:
    """An image's name means what Docker takes it for."""
    found = reference(name)
    assert (str(found), found.short) == (complete, short)


@pytest.mark.parametrize(
    "name", ["", "Redis", "re dis", "a//b", "/a", "a/", "a:", "a:b:c", "a@b", "../a", "a" * 600, "f" * 64, "-a", "a:-b"]
)
def test_what_is_no_reference_is_refused(name: str) -> None:
    """A name that Docker's grammar does not have is none."""
    with pytest.raises(ValueError, match=r".*"):
        reference(name)
