"""The catalogue of images: what is in it, and how an engine gets it.

``provide`` is all that most callers need; the others are what ``kata images`` offers.
"""

from checker.image.bundle import load, save
from checker.image.catalogue import Image, catalogue
from checker.image.listing import Entry, listing
from checker.image.provision import build, provide, pull
from checker.image.pulling import fetch, pull_error

__all__ = ["Entry", "Image", "build", "catalogue", "fetch", "listing", "load", "provide", "pull", "pull_error", "save"]
