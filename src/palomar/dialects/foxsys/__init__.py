"""FOXSYS's HTTP/POST API below ``/json``: what its customers' programs send, and what they read.

Its page is ``docs/dialects/foxsys.md``. Not here: whether a message may be sent and what it costs (the gateway), and
how it travels (``carriers``).
"""

from typing import Final

NAME: Final = "foxsys"
"""The name of this dialect in stored messages and callbacks."""

PREFIXES: Final = ("json",)
