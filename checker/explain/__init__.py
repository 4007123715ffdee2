"""Turns what Docker says (``output``) and what a container shows (``diagnose``) into what the learner did."""
