"""A volume's name that somebody else has: the run gets another volume, and its scripts never hear of it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from checker.guard.exchange.exchange import Exchange, learn
from checker.guard.exchange.stand_ins import in_the_scripts_names
from checker.guard.message import Allowed
from tests.guard.asking import GRANTS, OWN, ask, ledger, request
from tests.guard.test_exchange import NEW, OURS, Engine

if TYPE_CHECKING:
    from checker.guard import Ledger

ACTUAL = "payroll.run-1"
THEIRS = {"GET /volumes/payroll": (200, {"Name": "payroll", "Labels": {"kata.run": "another"}})}


@pytest.fixture
def kept() -> Ledger:
    """The ledger of a run whose own volume ``payroll`` stands in for somebody else's."""
    kept = ledger()
    kept.stand_in("payroll")
    kept.add("volume", ACTUAL, ACTUAL)
    return kept


@pytest.mark.parametrize("labels", [None, {}, {"kata.run": "another"}])
@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/containers/create", {"HostConfig": {"Binds": ["payroll:/x"]}}),
        ("/containers/create", {"HostConfig": {"Mounts": [{"Type": "volume", "Source": "payroll", "Target": "/x"}]}}),
        ("/volumes/create", {"Name": "payroll"}),
    ],
)
def test_a_name_that_is_taken_is_exchanged_for_another(target: str, body: object, labels: object) -> None:
    """Whoever asks for a volume that is somebody else's gets one of another name; nothing happens to theirs."""
    kept, engine = ledger(), Engine({"GET /volumes/payroll": (200, {"Name": "payroll", "Labels": labels})})
    asyncio.run(learn(request("POST", target, body), kept, GRANTS, engine))
    assert [method for method, _, _ in engine.asked] == ["GET"]
    allowed = ask("POST", target, body, kept=kept)
    assert isinstance(allowed, Allowed)
    sent = json.dumps(json.loads(allowed.body or b""))
    assert ACTUAL in sent
    assert "payroll" not in sent.replace(ACTUAL, "")


@pytest.mark.parametrize("answer", [(404, {"message": "none"}), (200, {"Name": "payroll", "Labels": OURS})])
def test_a_name_that_is_free_or_the_runs_own_stays(answer: tuple[int, Any]) -> None:
    """Nothing is exchanged where the volume is not there, or carries the run's label."""
    kept, body = ledger(), {"Name": "payroll"}
    asyncio.run(learn(request("POST", "/volumes/create", body), kept, GRANTS, Engine({"GET /volumes/payroll": answer})))
    assert kept.stand_ins == {}


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/containers/create", {"HostConfig": {"Binds": ["data:/x"]}}),
        ("/containers/create", {"HostConfig": {"Binds": ["/x"]}}),
        ("/containers/create", {"Image": "busybox:1"}),
        ("/volumes/create", {}),
        ("/volumes/create", {"Name": "no good name"}),
    ],
)
def test_nothing_is_asked_where_no_name_is_in_question(target: str, body: object) -> None:
    """A volume of the run's own, one without a name and a request that is refused are not looked up."""
    engine = Engine()
    asyncio.run(learn(request("POST", target, body), ledger(), GRANTS, engine))
    assert engine.asked == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/volumes/payroll"),
        ("DELETE", "/volumes/payroll"),
        ("DELETE", "/volumes/payroll?force=1"),
        ("GET", f"/containers/json?filters={quote(json.dumps({'volume': ['payroll']}))}"),
        ("GET", f"/events?filters={quote(json.dumps({'volume': ['payroll']}))}"),
    ],
)
def test_later_requests_mean_the_same_volume(kept: Ledger, method: str, target: str) -> None:
    """What is looked at, removed and filtered by is the run's own volume of that name."""
    allowed = ask(method, target, kept=kept)
    assert isinstance(allowed, Allowed)
    assert ACTUAL in allowed.target
    assert allowed.written == {ACTUAL: "payroll"}


def test_what_was_removed_is_gone(kept: Ledger) -> None:
    """After it was removed, the name leads nowhere: not to the volume that somebody else has."""
    allowed = ask("DELETE", "/volumes/payroll", kept=kept)
    assert isinstance(allowed, Allowed)
    asyncio.run(Exchange(allowed, kept, GRANTS, Engine()).end(204, None))
    refused = ask("GET", "/volumes/payroll", kept=kept)
    assert not isinstance(refused, Allowed)
    assert (refused.status, refused.key) == (404, "guard.no_volume")


def test_answers_have_the_names_that_scripts_use(kept: Ledger) -> None:
    """In lists, mounts, paths and errors stands the name that was asked for."""
    allowed = ask("GET", f"/containers/{OWN}/json", kept=kept)
    assert isinstance(allowed, Allowed)
    mount = {"Type": "volume", "Name": ACTUAL, "Source": f"/var/lib/docker/volumes/{ACTUAL}/_data"}
    answer = {"Id": OWN, "Mounts": [mount], "HostConfig": {"Binds": [f"{ACTUAL}:/x:ro"]}, "SizeRw": 3, "Path": None}
    assert asyncio.run(Exchange(allowed, kept, GRANTS, Engine()).end(200, answer)) == {
        "Id": OWN,
        "Mounts": [{"Type": "volume", "Name": "payroll", "Source": "/var/lib/docker/volumes/payroll/_data"}],
        "HostConfig": {"Binds": ["payroll:/x:ro"]},
        "SizeRw": 3,
        "Path": None,
    }
    removing = ask("DELETE", "/volumes/payroll", kept=kept)
    assert isinstance(removing, Allowed)
    error = {"message": f"remove {ACTUAL}: volume is in use - [{NEW}]"}
    said = asyncio.run(Exchange(removing, kept, GRANTS, Engine()).end(409, error))
    assert said == {"message": f"remove payroll: volume is in use - [{NEW}]"}


def test_events_have_them_too(kept: Ledger) -> None:
    """A volume's events tell of it by the name that scripts use."""
    allowed = ask("GET", "/events", kept=kept)
    assert isinstance(allowed, Allowed)
    happened = {"Type": "volume", "Action": "create", "Actor": {"ID": ACTUAL, "Attributes": {"driver": "local"}}}
    told = Exchange(allowed, kept, GRANTS, Engine()).line(happened)
    assert told["Actor"]["ID"] == "payroll"
    theirs = {"Type": "volume", "Action": "create", "Actor": {"ID": "payroll", "Attributes": {"driver": "local"}}}
    assert Exchange(allowed, kept, GRANTS, Engine()).line(theirs) is None


def test_only_whole_names_are_exchanged() -> None:
    """A word that merely contains a script's name stays as it is."""
    kept, answer = ledger(), ["payroll-2", f"{ACTUAL}", {"payroll": f"/{ACTUAL}/x"}]
    assert in_the_scripts_names(answer, kept) == answer
    kept.stand_in("payroll")
    assert in_the_scripts_names(answer, kept) == ["payroll-2", "payroll", {"payroll": "/payroll/x"}]
