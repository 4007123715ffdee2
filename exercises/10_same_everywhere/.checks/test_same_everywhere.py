from __future__ import annotations

import contextlib
import hashlib
import json
import re
import runpy
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from checker.author import Bench, Container, Mistake, Registry, packed, step, together, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOUSE = "kata-house"
ENVIRONMENTS = ("dev", "test", "prod")
LETTERHEAD, VAT = "따라배우는 상점", 10
SEOUL = timezone(timedelta(hours=9))  # without summer time since 1988
KOREAN = ("가람", "나은", "도윤", "라온", "미르", "보라", "새벽", "아라", "지우", "하늘")
LATIN = ("alto", "bora", "Carl", "Dora", "elle", "Finn", "Zoe")
MAKE_WHEELS = Path(__file__).with_name("make_wheels.py")
LANGUAGE = ("LC_ALL", "LANG")  # what report.py goes by, in this order
IN_SEOUL = ("Asia/Seoul", "ROK", "KST-9")
NO_EXPLANATION = ("docker.ended", "docker.ended_silently", "docker.ended_at_once")  # ours show the log, or what began
DICE = secrets.SystemRandom()
PATIENCE = 20  # seconds that a report may take


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What is to be reported: when it was, and who sold for how many won."""

    at: int
    sold: dict[str, int]

    @property
    def text(self) -> str:
        return f"at,{self.at}\n" + "".join(f"{name},{won}\n" for name, won in self.sold.items())

    @property
    def amounts(self) -> tuple[str, ...]:
        """What each sold for, with VAT, rounded half up."""
        return tuple(f"{(2 * won * (100 + VAT) + 100) // 200:,}" for won in self.sold.values())

    @property
    def order(self) -> tuple[str, ...]:
        """The names as a Korean reader looks for them."""
        return tuple(sorted(self.sold, key=lambda name: (not "가" <= name[0] <= "힣", name.casefold())))

    @property
    def seoul(self) -> str:
        return datetime.fromtimestamp(self.at, SEOUL).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a container printed: its letterhead, its environment, its time, and who sold what."""

    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else "∅"

    @property
    def names(self) -> tuple[str, ...]:
        rows = (line.split("  ") for line in self.lines if "  " in line)
        return tuple(name for name, *_ in rows if name != "=")

    def changes(self, after: Report) -> tuple[str, str]:
        """Return the first line that is different in another report, and what it is there."""
        longest = max(len(self.lines), len(after.lines))
        pairs = ((self.line(number), after.line(number)) for number in range(longest))
        return next((pair for pair in pairs if pair[0] != pair[1]), ("∅", "∅"))


@step
def registry(bench: Bench) -> Iterator[Registry]:
    with bench.registry() as registry:
        for tag in ("1.0", "latest"):
            registry.put(f"{HOUSE}:{tag}", *_house(LETTERHEAD, VAT))
        yield registry


@step
def image(bench: Bench, registry: Registry) -> str:
    return _build(bench, registry)


@step
def sales() -> Sales:
    names = DICE.sample([*DICE.sample(KOREAN, 4), *DICE.sample(LATIN, 3)], 7)
    now = datetime.now(SEOUL)
    at = now.replace(hour=DICE.randrange(9), minute=DICE.randrange(60)) - timedelta(days=DICE.randrange(300))
    return Sales(at=int(at.timestamp()), sold={name: DICE.randrange(1000, 90_000) for name in names})


@step
def report(bench: Bench, image: str, sales: Sales) -> Report:
    first, again = _report(bench, image, sales), _report(bench, image, sales)
    missing = [amount for amount in sales.amounts if amount not in first.text]
    if missing and "\0" in first.text:  # UTF-16: each digit stands beside a zero
        raise Mistake("other_encoding", found=ascii(first.line(0))[:60], setting=_went_by(_settings(bench, image)))
    if missing:
        raise Mistake("not_in_it", missing=missing[0], report=first.text[:400].strip() or "∅")
    if first.text != again.text:
        before, after = first.changes(again)
        raise Mistake("not_the_same_twice", before=before, after=after)
    return first


def test_reports_what_it_is_given(report: Report) -> None:
    assert report.text


def test_next_months_library(bench: Bench, registry: Registry, report: Report, sales: Sales) -> None:
    news = f"* {bench.nonce()}"
    with _newer_wheels(bench, news):
        after = _report(bench, _build(bench, registry), sales)
    if after.text != report.text:
        before, now = report.changes(after)
        is_tallies = news in after.text or before.startswith("=")  # that alone counts one too many in the sum
        raise Mistake("library_moved" if is_tallies else "dependency_moved", before=before, after=now)


def test_a_moved_base(bench: Bench, registry: Registry, report: Report, sales: Sales) -> None:
    registry.put(f"{HOUSE}:latest", *_house(f"{LETTERHEAD}, {bench.nonce()}", DICE.randrange(11, 20)))
    after = _report(bench, _build(bench, registry), sales)
    if after.text != report.text:
        before, now = report.changes(after)
        raise Mistake("base_moved", before=before, after=now)


def test_korean_names(bench: Bench, image: str, report: Report, sales: Sales) -> None:
    if set(report.names) != set(sales.sold):
        strange = ", ".join(name for name in report.names if name not in sales.sold)[:200] or "∅"
        raise _why_misprinted(bench, image, strange)
    if report.names != sales.order:
        raise _why_in_disorder(bench, image, ", ".join(report.names), ", ".join(sales.order))


def test_seoul_time(bench: Bench, image: str, report: Report, sales: Sales) -> None:
    if report.line(2) == sales.seoul:
        return
    blanks = {"found": report.line(2)[:60], "wanted": sales.seoul}
    zone, place = _settings(bench, image).get("TZ", ""), _while_building(bench, "TZ=")
    if zone and zone not in IN_SEOUL:
        raise Mistake("other_zone", zone=zone, **blanks)
    if place and not zone:
        raise Mistake("zone_while_building", place=place, **blanks)
    raise Mistake("other_time", **blanks)


def test_one_image_for_all(bench: Bench, image: str, report: Report, sales: Sales) -> None:
    found: dict[str, Report] = {}

    def run(environment: str) -> None:
        found[environment] = _report(bench, image, sales, {"APP_ENV": environment})

    names = DICE.sample(ENVIRONMENTS, len(ENVIRONMENTS))
    together(*(lambda name=name: run(name) for name in names))
    for name in names:
        line = found[name].line(1)
        if line != f"APP_ENV={name}":
            raise Mistake("environment_ignored", wanted=name, found=line[:60])
        told = Report(text=found[name].text.replace(line, report.line(1), 1))
        if told.text != report.text:
            before, now = report.changes(told)
            raise Mistake("more_than_that", environment=name, before=before, after=now)


def _why_misprinted(bench: Bench, image: str, found: str) -> Mistake:
    settings = _settings(bench, image)
    setting = _went_by(settings)
    if "\N{REPLACEMENT CHARACTER}" in found:
        return Mistake("other_encoding", found=found, setting=setting)
    if _is_korean(settings.get("LC_ALL") or settings.get("LANG", "")):
        return Mistake("misprinted_as_told_later", found=found, setting=setting)
    if settings.get("LC_ALL") and _is_korean(settings.get("LANG", "")):
        return Mistake("misprinted_overruled", found=found, setting=setting, lang=settings["LANG"])
    if settings.get("LANG") == "" and not settings.get("LC_ALL"):
        return Mistake("misprinted_empty", found=found)
    return Mistake("misprinted", found=found, setting=setting)


def _why_in_disorder(bench: Bench, image: str, found: str, wanted: str) -> Mistake:
    settings = _settings(bench, image)
    setting = _went_by(settings)
    blanks = {"found": found, "wanted": wanted, "setting": setting}
    if _is_korean(settings.get("LC_ALL") or settings.get("LANG", "")):
        return Mistake("sorted_as_told_later", **blanks)
    if settings.get("LC_ALL") and _is_korean(settings.get("LANG", "")):
        return Mistake("sorted_overruled", lang=settings["LANG"], **blanks)
    place = _while_building(bench, r"(?:LC_ALL|LANG)=[\"']?ko")
    if place:
        return Mistake("language_while_building", place=place, **blanks)
    return Mistake("sorted_differently", **blanks)


def _is_korean(locale: str) -> bool:
    language, _, encoding = locale.partition(".")
    return language.startswith("ko") and encoding.lower().replace("-", "").startswith("utf8")


def _settings(bench: Bench, image: str) -> dict[str, str]:
    """Return the variables that an image brings along."""
    config = (bench.image(image) or {})["Config"]
    return dict(setting.partition("=")[::2] for setting in config.get("Env") or ())


def _went_by(settings: Mapping[str, str]) -> str:
    """Return the variable that report.py goes by with no settings from outside, ``LANG=C.UTF-8``."""
    return next((f"{name}={settings[name]}" for name in LANGUAGE if settings.get(name)), "LANG=")


def _while_building(bench: Bench, wanted: str) -> str:
    """Return where the Dockerfile sets what is ``wanted`` only for its build, ``Dockerfile:6``; else nothing.

    The verdict is none of this text's: it only tells who did set something why that is gone.
    """
    setting = rf"(?:export\s+(?:\w+=\S+\s+)*)?{wanted}"
    set_for_a_step = re.compile(rf"\s*(?:RUN\s+(?:.*&&\s*)?|ARG\s+){setting}", re.IGNORECASE)
    lines = bench.work.text("Dockerfile").splitlines()
    return next((f"Dockerfile:{at}" for at, line in enumerate(lines, start=1) if set_for_a_step.match(line)), "")


def _build(bench: Bench, registry: Registry) -> str:
    # cache mounts of its own, as on another machine: what an earlier build kept in one would be a pin that is none
    arguments = {"KATA_REGISTRY": registry.address, "BUILDKIT_CACHE_MOUNT_NS": bench.nonce()}
    return bench.build(arguments=arguments, no_cache=True, seconds=60).reference


def _report(bench: Bench, image: str, sales: Sales, environment: Mapping[str, str] | None = None) -> Report:
    """Run the image on some sales and return what it printed on its standard output."""
    api = bench.client.api
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    with bench.temporary({"Image": image, "Env": variables}) as container:
        api.put_archive(container.id, "/", packed({"in/sales.csv": sales.text.encode()}))
        try:
            container.start()
        except Mistake as refused:
            raise _why_ended(container) or refused from None
        if not wait_for(lambda: container.status == "exited", PATIENCE, every=0.05):
            raise Mistake("never_ends", seconds=PATIENCE)
        if container.exit_code != 0:
            log = container.last_words() or "∅"
            raise _why_ended(container) or Mistake("ended_badly", code=container.exit_code, log=log)
        if container.read("/in/sales.csv") != sales.text.encode():
            raise Mistake("writes_its_input")
        report = Report(text=bytes(api.logs(container.id, stderr=False)).decode(errors="replace"))
        if not report.text.strip():
            raise _why_ended(container) or Mistake("nothing_printed", command=_command(container))
        return report


def _why_ended(container: Container) -> Mistake | None:
    """Return what is wrong with the command, where that can be seen; None where the log has to tell."""
    mistake = container.why_not_running()
    return None if mistake is None or mistake.key in NO_EXPLANATION else mistake


def _command(container: Container) -> str:
    found = container.inspect()
    return json.dumps([found["Path"], *found["Args"]], ensure_ascii=False)[:200]


@contextlib.contextmanager
def _newer_wheels(bench: Bench, news: str) -> Iterator[None]:
    """Have next month's wheels beside this month's, in the copy of the work."""
    next_month: Callable[[str], dict[str, bytes]] = runpy.run_path(str(MAKE_WHEELS))["next_month"]
    wheels = {bench.work.folder / "wheels" / name: content for name, content in next_month(news).items()}
    try:
        for path, content in wheels.items():
            path.write_bytes(content)
        yield
    finally:
        for path in wheels:
            path.unlink(missing_ok=True)


def _house(letterhead: str, vat: int) -> tuple[bytes, bytes]:
    """Return the configuration and the only layer of an image that holds the house's rules."""
    layer = packed({"house/letterhead.txt": letterhead.encode(), "house/vat.txt": str(vat).encode()})
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "the house"}],
    }
    return json.dumps(config).encode(), layer
