"""SOFMEX's HTTP API (login, asignacion, status): what its customers' programs send, and what they read.

Its page is ``docs/dialects/sofmex.md``. Not here: whether a message may be sent and what it costs (the gateway), and
how it travels (``carriers``).
"""

from typing import Final

NAME: Final = "sofmex"
"""The name of this dialect in stored messages."""

PREFIXES: Final = ("login", "sms", "api/login", "api/sms")
