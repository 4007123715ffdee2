from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.guard.policy.refused import Refused
from checker.guard.policy.strict import DEPTH, LIMIT, decode, folded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abK", max_size=3), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        pytest.param(b'{"a": 1, "a": 2}', "guard.key_twice", id="a key twice"),
        pytest.param(b'{"a": true, "a": null}', "guard.key_twice", id="null after true"),
        pytest.param(b'{"a": {"b": 1}, "\\u0061": {"c": 1}}', "guard.key_twice", id="the same key, escaped"),
        pytest.param(b"{}}", "guard.not_json", id="a brace too many"),
        pytest.param(b"{}]]junk", "guard.not_json", id="junk behind it"),
        pytest.param(b"{} {}", "guard.not_json", id="two values"),
        pytest.param(b"", "guard.not_json", id="nothing"),
        pytest.param(b'{"a": NaN}', "guard.not_json", id="NaN"),
        pytest.param(b'{"a": -Infinity}', "guard.not_json", id="infinity"),
        pytest.param(b'{"a": 1e999}', "guard.not_json", id="a number that becomes infinity"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "guard.not_json", id="a number of 5000 digits"),
        pytest.param(b"\xef\xbb\xbf{}", "guard.not_json", id="a byte order mark"),
        pytest.param(json.dumps({"a": 1}).encode("utf-16"), "guard.not_json", id="UTF-16"),
        pytest.param(b'{"a": "\xff"}', "guard.not_json", id="no UTF-8"),
        pytest.param(b'{"a": "\\ud800"}', "guard.not_json", id="half of a surrogate pair"),
        pytest.param(b'{"a": "\t"}', "guard.not_json", id="a control character in a string"),
        pytest.param(b"{'a': 1}", "guard.not_json", id="single quotes"),
        pytest.param(b"[" * 3000 + b"]" * 3000, "guard.too_deep", id="3000 deep"),
        pytest.param(b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), "guard.too_deep", id="one too deep"),
        pytest.param(b"[" * 100_000, "guard.too_deep", id="never closed"),
        pytest.param(b'"' + b"x" * LIMIT + b'"', "guard.too_large", id="too large"),
    ],
)
def test_what_has_two_readings_is_refused(data: bytes, key: str) -> None:
    """JSON that another reader might read otherwise, or never finish, is refused with a sentence."""
    with pytest.raises(Refused) as refused:
        decode(data)
    assert refused.value.key == key
    assert refused.value.denied().text.en


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b' {"a": [1, "x", null]}\n', {"a": [1, "x", None]}),
        (b"[" * DEPTH + b"]" * DEPTH, None),
        (b'"' + b"[" * 100 + b'\\"["', "[" * 100 + '"['),
        ('{"이름": "\\ud83d\\udc33"}'.encode(), {"이름": "🐳"}),
    ],
)
def test_what_has_one_reading_is_read(data: bytes, value: object) -> None:
    """White space around a value, brackets in strings, Korean, and the full depth are fine."""
    found = decode(data)
    assert value is None or found == value


@given(JSON)
def test_reads_what_python_writes(value: object) -> None:
    """Whatever Python writes as JSON is read back as it was, unless it is too deep."""
    assert decode(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make the reader fail in another way than by refusing."""
    try:
        value = decode(data)
    except Refused:
        return
    assert value == json.loads(data)


@pytest.mark.parametrize("key", ["hostconfig", "HOSTCONFIG", "Ho\u017ftConfig", "HostConfig"])
def test_folds_as_go_does(key: str) -> None:
    """ASCII case and the long s are one letter to Go, and so to us."""
    assert folded(key) == "hostconfig"


def test_folds_the_kelvin_sign() -> None:
    """U+212A is a k to Go."""
    assert folded("Networ\u212aMode") == "networkmode"
