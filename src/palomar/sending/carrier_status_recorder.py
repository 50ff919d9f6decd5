"""Stores the status of this node's carriers when it has changed, for commands beside the server and for other nodes.

Not here: the rows (``routing.carrier_status``).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from palomar.ports import Carrier, Clock
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.routing.router import Router
from palomar.sending.stalled import StalledQueue
from palomar.storage.database import Database

CHECK_EVERY_SECONDS = 2.0


class CarrierStatusRecorder:
    """Stores the status of carriers. ``node_id`` returns the id of this node's row while its lease runs; ``idle``
    returns the queues where parts wait and none leaves, by carrier."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        router: Router,
        carriers: Mapping[str, Carrier],
        *,
        node_id: Callable[[], int | None],
        idle: Callable[[], Mapping[str, StalledQueue]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._router = router
        self._carriers = carriers
        self._node_id = node_id
        self._idle = idle
        self._written: tuple[int, list[CarrierStatus]] | None = None

    def current(self) -> list[CarrierStatus]:
        """Return the status of each carrier at this moment."""
        states, idle = self._router.states(), self._idle()
        statuses = []
        for name, carrier in self._carriers.items():
            stalled = idle.get(name)
            statuses.append(
                CarrierStatus(
                    carrier=name,
                    links=tuple(carrier.links()),
                    trouble=states[name].trouble,
                    idle_since_ms=stalled.since_ms if stalled else 0,
                    hindrance=stalled.hindrance if stalled else "",
                    stalled=stalled is not None and stalled.stalled,
                )
            )
        return statuses

    async def write(self) -> None:
        """Store the status, if anything but the numbers of the moment has changed."""
        node_id, now, now_ms = self._node_id(), self.current(), self._clock.wall_ms()
        if node_id is None:
            return
        lasting = (node_id, [_lasting(one) for one in now])
        if lasting == self._written:
            return
        await self._database.write_in_lane(1, record_carrier_status, node_id, now, now_ms=now_ms)
        self._written = lasting


def _lasting(status: CarrierStatus) -> CarrierStatus:
    """Remove from a status what changes with every message."""
    links = tuple(replace(link, outstanding=0, parts_per_second=round(link.parts_per_second)) for link in status.links)
    trouble = status.trouble.partition(":")[0].partition(" for ")[0]
    return replace(status, links=links, trouble=trouble)
