"""CONVERGIA's API, by URL and by SOAP: what its customers' programs send, and what they read.

Its page is ``docs/dialects/convergia.md``. Not here: whether a message may be sent and what it costs (the gateway), how
it travels (``carriers``), and the portal where people read reports (``console``).
"""

from typing import Final

NAME: Final = "convergia"
"""The name of this dialect in stored messages and callbacks."""

PREFIXES: Final = ("index.php", "estatus_mensaje.php", "webservice.php")

PARAMETERS: Final = frozenset({"username", "password", "number", "message", "extra"})
"""If other faces share the port, ``/`` is this dialect's only with one of these in its query."""
