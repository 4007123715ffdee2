"""Builds, runs and executes a learner's work, and leaves nothing behind."""
