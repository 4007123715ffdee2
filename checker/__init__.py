"""docker-kata: exercises in Docker, and a checker that tells learners what they did.

An author's check imports its vocabulary from here; everything else lives in the modules that
``docs/architecture.md`` lists, each of which imports only from those above it.
"""

__version__ = "0.1.0"
