"""402T Labs' REST API below ``/api/v1``: what its customers' programs send, and what they read.

Its page is ``docs/dialects/labs402t.md``. Not here: whether a message may be sent and what it costs (the gateway), and
how it travels (``carriers``).
"""

from typing import Final

NAME: Final = "labs402t"
"""How messages remember this dialect."""

PREFIX: Final = "/api/v1"
PREFIXES: Final = ("api/v1",)
