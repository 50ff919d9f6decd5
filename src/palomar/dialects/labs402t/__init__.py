"""402T Labs' REST API below ``/api/v1``: what its customers' programs send, and what they read.

Its page is ``docs/dialects/labs402t.md``. Not here: whether a message may be sent and what it costs (the gateway), and
how it travels (``carriers``).
"""

from typing import Final

NAME: Final = "labs402t"
"""The name of this dialect in stored messages."""

PREFIX: Final = "/api/v1"
PREFIXES: Final = ("api/v1",)
