from __future__ import annotations

import threading

from checker.guard import Ledger
from checker.guard.output import Output

A, B = "a" * 64, "ab" * 32


def test_finds_as_the_engine_does() -> None:
    """A full id comes before a name, a name before the beginning of an id."""
    kept = Ledger("run")
    kept.add("container", A, "web")
    kept.add("container", B, "aaaa")
    assert kept.find("container", A) == A
    assert kept.find("container", "web") == A
    assert kept.find("container", "aaaa") == B
    assert kept.find("container", "aaaaa") == A


def test_an_ambiguous_beginning_finds_nothing() -> None:
    """The beginning of two ids is nobody."""
    kept = Ledger("run")
    kept.add("container", A)
    kept.add("container", B)
    assert kept.find("container", "a") is None
    assert kept.find("container", "ab") == B
    assert kept.find("container", "") is None


def test_kinds_are_kept_apart() -> None:
    """A container's name finds no network."""
    kept = Ledger("run")
    kept.add("container", A, "web")
    assert kept.find("network", "web") is None
    assert kept.find("volume", A) is None


def test_a_name_that_is_given_again_leaves_the_older_one() -> None:
    """After ``docker run --rm --name web`` twice, the name is the second one's."""
    kept = Ledger("run")
    kept.add("container", A, "web")
    kept.add("container", B, "web")
    assert kept.find("container", "web") == B


def test_rename_and_forget() -> None:
    """A new name finds it and the old one no longer; what is forgotten is found by nothing."""
    kept = Ledger("run")
    kept.add("container", A, "web")
    kept.rename("container", A, "api")
    assert (kept.find("container", "web"), kept.find("container", "api")) == (None, A)
    kept.rename("container", B, "api")
    assert kept.find("container", "api") == A
    kept.forget("container", A)
    assert kept.find("container", "api") is None


def test_notes_what_scripts_make_once() -> None:
    """Each new object is noted once, so that a sweep can find it after a crash; an adopted one is not."""
    noted: list[tuple[str, str]] = []
    kept = Ledger("run", note=lambda kind, full_id: noted.append((kind, full_id)))
    kept.adopt("container", B, "db")
    kept.add("container", A, "web")
    kept.add("container", A, "web")
    assert noted == [("container", A)]
    assert kept.made("container") == 1
    kept.forget("container", A)
    assert kept.made("container") == 1


def test_an_adopted_one_belongs_to_the_run() -> None:
    """What the checker made for a script is found like its own."""
    kept = Ledger("run")
    kept.adopt("container", A, "db")
    assert kept.find("container", "db") == A
    assert kept.ids("container") == (A,)


def test_threads_lose_nothing() -> None:
    """Adding from several threads keeps every id."""
    kept = Ledger("run")

    def add(start: int) -> None:
        for number in range(start, start + 200):
            kept.add("exec", f"{number:064x}")

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 200, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.ids("exec")) == kept.made("exec") == 600


def test_what_is_expected_has_a_limit() -> None:
    """A script that asks for ever more names does not fill our memory."""
    kept = Ledger("run")
    for number in range(2000):
        kept.expect("volume", f"v{number}")
    assert kept.expects("volume", "v1")
    assert not kept.expects("volume", "v1999")
    assert not kept.expects("network", "v1")


def test_builds_share_one_look_at_what_was_before() -> None:
    """What was there before the first of several builds counts until the last of them has ended."""
    kept = Ledger("run")
    first, second = Output(), Output()
    kept.open_build({"x": "1"}, first)
    kept.open_build({"x": "2"}, second)
    kept.close_build(first)
    assert (kept.before_builds, kept.builds) == ({"x": "1"}, (second,))
    kept.close_build(second)
    assert (kept.before_builds, kept.builds) == (None, ())
