"""A carrier for tests of the engine: slots that are counted, answers that come when the test says."""

from dataclasses import dataclass, field

from palomar.ports import CarrierSink, Exchange, LinkStatus, OutgoingPart, SubmitOutcome


@dataclass(kw_only=True)
class CountingCarrier:
    """``ports.Carrier`` whose books must balance: what is reserved is submitted or given back, and never more."""

    name: str = "c"
    window: int = 10
    live: bool = True
    off_reason: str = ""
    on_trial: bool = False
    sink: CarrierSink | None = None
    reserved: int = 0
    outstanding: list[OutgoingPart] = field(default_factory=list)
    submitted: list[OutgoingPart] = field(default_factory=list)

    def free_slots(self) -> int:
        window = min(self.window, 1) if self.on_trial else self.window
        return window - self.reserved - len(self.outstanding) if self.live else 0

    def reserve(self, parts: int) -> bool:
        if self.free_slots() < parts:
            return False
        self.reserved += parts
        return True

    def release(self, parts: int) -> None:
        assert 0 <= parts <= self.reserved, "more slots were given back than had been taken"
        self.reserved -= parts

    def submit(self, part: OutgoingPart) -> None:
        assert self.reserved > 0, "a part left without a slot"
        self.reserved -= 1
        self.outstanding.append(part)
        self.submitted.append(part)

    def answer(self, outcome: SubmitOutcome, *, which: int = 0) -> OutgoingPart:
        """Answer an outstanding part with this outcome, and free its slot."""
        assert self.sink is not None
        part = self.outstanding.pop(which)
        self.sink.answered(part, outcome, Exchange())
        self.sink.slots_changed(self.name)
        return part

    def links(self) -> list[LinkStatus]:
        return [LinkStatus(name=self.name, bound=self.live, outstanding=len(self.outstanding), window=self.window)]

    def query(self, reference: str, *, sender: str) -> bool:
        return False

    async def start(self, sink: CarrierSink) -> None:
        self.sink = sink

    async def stop(self, deadline_seconds: float) -> None:
        self.live = False
