"""A message as the phone of a simulated network shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMessage:
    """A message on a phone's screen: one that it received, or one that it wrote."""

    serial: int
    """Identifies it while it is kept, and rises. A message keeps its serial when another part of it comes."""
    number: str
    """The phone's number."""
    peer: str
    """The address that wrote to the phone, or that the phone wrote to."""
    is_written: bool
    """True if the phone wrote it."""
    text: str
    """The text of the parts that were received, in order."""
    parts: int
    parts_received: int
    at_ms: int
    """When its newest part was received, or when it was written."""
    system_id: str
    references: tuple[str, ...] = ()
    """The network's ids of the parts that were received, as its answers gave them; empty for what the phone wrote."""
    is_flash: bool = False
