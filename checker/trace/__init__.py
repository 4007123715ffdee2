"""The conversation between client and server, made visible: live in a terminal, and as a sequence diagram."""

from checker.trace.diagram import draw
from checker.trace.live import Live
from checker.trace.step import Actor, Kind, Stage, Step
from checker.trace.story import Story, replay

__all__ = ["Actor", "Kind", "Live", "Stage", "Step", "Story", "draw", "replay"]
