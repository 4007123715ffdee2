"""Finds, starts and examines a Docker engine; labels and sweeping."""

from checker.engine.found import LABEL, Engine, find_engine
from checker.engine.place import Place

__all__ = ["LABEL", "Engine", "Place", "find_engine"]
