"""A message as a phone shows it. Phones are only real to us where a network is simulated."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMessage:
    """A message on a phone's screen: one that came, or one that it wrote."""

    serial: int
    """Names it for as long as it is kept, and rises: a message of which another part comes keeps its own."""
    number: str
    """The phone's."""
    peer: str
    """Who wrote to it, or whom it wrote to."""
    is_written: bool
    """Whether the phone wrote it."""
    text: str
    """Of the parts that are there, in order."""
    parts: int
    parts_received: int
    at_ms: int
    """When its newest part came, or when it was written."""
    system_id: str
    references: tuple[str, ...] = ()
    """What the network calls the parts that are there, as it told who sent them; none of what was written."""
    is_flash: bool = False
