"""Writes down how this node's carriers stand, when that has changed: for commands beside the server and other nodes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from palomar.ports import Carrier, Clock
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.routing.router import Router
from palomar.sending.stalled import StalledQueue
from palomar.storage.database import Database

LOOK_EVERY_SECONDS = 2.0


class CarrierStatusRecorder:
    """``node_id`` is this node's row while its lease runs; ``idle`` the
    carriers for which parts wait and none leaves."""

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

    def now(self) -> list[CarrierStatus]:
        """Say how they stand at this moment."""
        states, idle = self._router.states(), self._idle()
        standings = []
        for name, carrier in self._carriers.items():
            waits = idle.get(name)
            standings.append(
                CarrierStatus(
                    carrier=name,
                    links=tuple(carrier.links()),
                    trouble=states[name].trouble,
                    idle_since_ms=waits.since_ms if waits else 0,
                    hindrance=waits.hindrance if waits else "",
                    stalled=waits is not None and waits.stalled,
                )
            )
        return standings

    async def write(self) -> None:
        """Write them down, if anything but the numbers of the moment has changed."""
        node_id, now, now_ms = self._node_id(), self.now(), self._clock.wall_ms()
        if node_id is None:
            return
        told = (node_id, [_lasting(one) for one in now])
        if told == self._written:
            return
        await self._database.write_in_lane(1, record_carrier_status, node_id, now, now_ms=now_ms)
        self._written = told


def _lasting(standing: CarrierStatus) -> CarrierStatus:
    """Without what changes with every message."""
    links = tuple(
        replace(link, outstanding=0, parts_per_second=round(link.parts_per_second)) for link in standing.links
    )
    trouble = standing.trouble.partition(":")[0].partition(" for ")[0]
    return replace(standing, links=links, trouble=trouble)
