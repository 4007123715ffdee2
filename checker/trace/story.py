"""From a guard's transcript to what client, server and registry said to each other. Pure: no terminal, no clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checker.phrase import phrase
from checker.trace import answers, questions
from checker.trace.known import Known, is_refused
from checker.trace.step import Actor, Kind
from checker.trace.topic import SMALL_TALK, topic

if TYPE_CHECKING:
    from collections.abc import Collection

    from checker.guard.transcript import Entry
    from checker.trace.step import Step
    from checker.trace.topic import Topic

__all__ = ["Story", "replay"]

_REPEATED = frozenset({"version", "info", "buildkit", "session"})
"""What one build asks many times over, each time as if it were new here."""


class Story:
    """Hears the entries of a transcript as they come, and tells each thing once, as soon as it is known."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._entries: dict[int, Entry] = {}
        self._known = Known()
        self._is_told: dict[int, bool] = {}
        self._ended: set[int] = set()
        self._asked: set[str] = set()

    @property
    def steps(self) -> tuple[Step, ...]:
        """What has been told so far."""
        return tuple(self._steps)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every request that was heard, as it stands."""
        return tuple(self._entries.values())

    def hear(self, entry: Entry) -> tuple[Step, ...]:
        """Take in a request that began, went on or ended.

        Returns:
            What it makes known that has not been told before; often nothing.
        """
        is_new = entry.number not in self._entries
        self._entries[entry.number] = entry
        about = topic(entry.method, entry.path)
        if is_new and about.key == "ping":
            self._meet_a_client()
        steps = (*self._question(entry, about), *self._answer(entry, about))
        self._steps += steps
        return steps

    def _meet_a_client(self) -> None:
        """Let a new client, who always begins with a ping, ask everything again."""
        self._known.meet_a_client()
        self._asked &= {phrase(f"trace.ask_{key}").en for key in _REPEATED}

    def _question(self, entry: Entry, about: Topic) -> tuple[Step, ...]:
        """Tell what is asked: when it begins, or, where only its body says what it is about, when it ends."""
        is_clear = entry.end or about.key not in questions.SAID_IN_THE_BODY
        if entry.number in self._is_told or about.key in SMALL_TALK or not is_clear:
            return ()
        steps = questions.of(entry, about, self._known)
        self._is_told[entry.number] = is_news = not steps or self._is_news(entry, about, steps[0])
        if is_refused(entry):
            steps = tuple(replace(step, target=Actor.GUARD) for step in steps)
        return tuple(replace(step, at=entry.at) for step in steps) if is_news else ()

    def _is_news(self, entry: Entry, about: Topic, step: Step) -> bool:
        """Whether this was not asked just before: clients poll, and nobody wants to read that."""
        if entry.method != "GET" and about.key not in _REPEATED:
            self._asked.clear()
            return True
        before = len(self._asked)
        self._asked.add(step.text.en)
        return len(self._asked) > before

    def _answer(self, entry: Entry, about: Topic) -> tuple[Step, ...]:
        if not entry.end or entry.number in self._ended:
            return ()
        self._ended.add(entry.number)
        steps = answers.of(entry, about, self._known)
        self._known.learn(entry, about)
        is_worth_it = self._is_told.get(entry.number) or any(step.kind is not Kind.SAID for step in steps)
        # looking into the cache takes no time to speak of; what a create takes goes into the container
        moment = entry.at if about.key == "create" else entry.at + entry.seconds
        return tuple(replace(step, at=moment) for step in steps) if is_worth_it else ()


def replay(entries: Collection[Entry]) -> Story:
    """Return the story of a transcript that is over, everything in the order in which it began and ended."""
    # where two fall together, an answer is older than the next question
    heard = [
        (round(entry.at, 6), 1, entry.number, _begun(entry)) for entry in entries if entry.seconds or not entry.end
    ]
    heard += [(round(entry.at + entry.seconds, 6), 0, entry.number, entry) for entry in entries if entry.end]
    story = Story()
    for *_, entry in sorted(heard, key=lambda moment: moment[:3]):
        story.hear(entry)
    return story


def _begun(entry: Entry) -> Entry:
    """Return an entry as it was when it began."""
    return replace(entry, asked=None, status=0, answered=None, lines=(), denied="", received=0, seconds=0.0, end="")
