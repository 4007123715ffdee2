"""Carries requests from clients to the engine, and answers back, within limits.

``clients`` serves connections; each request is an ``errand``, whose ``delivery`` goes over a connection of its own
(``upstream``), perhaps through a ``tunnel``. ``http1`` and ``body`` read in the strictest way.
"""
