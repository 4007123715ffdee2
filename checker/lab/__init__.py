"""A lab: a disposable machine with an engine of its own, for one untrusted submission."""

from checker.lab.inside import LEARNER, Inside
from checker.lab.labs import Labs
from checker.lab.limits import Limits
from checker.lab.machine import Lab

__all__ = ["LEARNER", "Inside", "Lab", "Labs", "Limits"]
