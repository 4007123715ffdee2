"""Builds, runs and executes a learner's work, and turns what the engine says into what the learner did."""
