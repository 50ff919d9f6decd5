"""The carriers of a configuration, each behind ``ports.Carrier``, and the simulators inside this process.

Not here: when parts are given to them (``sending.dispatcher``), and what people see of the simulators (``sandbox``).
"""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence

import structlog

from palomar.app.config_carriers import CarrierConfig
from palomar.carriers.simulator.chaos import script as chaos_script
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.carrier import ADJUSTABLE, SmppCarrier
from palomar.carriers.smpp.setting_values import languages
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.submitting import submit_maker
from palomar.ports import Carrier, Clock, Ids
from palomar.reports.messages import awaiting_receipt
from palomar.smpp import SubmitSm
from palomar.storage.database import Database
from palomar.text.languages import Language

_log = structlog.get_logger(__name__)


class Carriers:
    """All carriers of a server, by name, and its simulators. Chaos scripts that are set before ``build`` wait for
    it."""

    def __init__(self, clock: Clock) -> None:
        self.by_name: dict[str, Carrier] = {}
        self.simulators: dict[str, SimulatorSmsc] = {}
        self._clock = clock
        self._entries: Sequence[CarrierConfig] = ()
        self._scripts: Mapping[str, str] = {}

    def build(self, entries: Sequence[CarrierConfig], ids: Ids) -> None:
        """Make a carrier of each entry of the configuration; none is connected yet."""
        self._entries = entries
        self.by_name = {entry.name: self._carrier(entry, ids) for entry in entries}
        self.set_scripts(self._scripts)

    @property
    def query_after_seconds(self) -> Mapping[str, float]:
        """Return after how many seconds each SMPP carrier is asked for a receipt that is overdue, by its name."""
        return {
            entry.name: entry.query_after_seconds for entry in self._entries if isinstance(entry, SmppCarrierSettings)
        }

    @property
    def one_receipt(self) -> frozenset[str]:
        """Return the names of carriers that report a single part of a long message."""
        return frozenset(
            entry.name
            for entry in self._entries
            if isinstance(entry, SmppCarrierSettings) and entry.receipt_of == "message"
        )

    @property
    def languages(self) -> frozenset[Language]:
        """Return the languages whose tables all carriers accept, because a message may go by any of them."""
        taken = [
            languages(entry.languages if isinstance(entry, SmppCarrierSettings) else ()) for entry in self._entries
        ]
        return frozenset.intersection(*taken) if taken else frozenset()

    def skip(self, milliseconds: int) -> None:
        """Let simulators do at once what they had planned for the time that the sandbox clock has skipped."""
        for smsc in self.simulators.values():
            smsc.skip(milliseconds / 1_000)

    def set_scripts(self, scripts: Mapping[str, str]) -> None:
        """Give each simulator its chaos script: the one that was set for it, else the configuration's."""
        self._scripts = scripts
        for name, smsc in self.simulators.items():
            wanted = chaos_script.parse(scripts.get(name, smsc.settings.chaos))
            if wanted != smsc.chaos:
                _log.info("chaos", carrier=name, script=chaos_script.to_text(wanted))
                smsc.set_chaos(wanted)

    def adjust(self, entries: Sequence[CarrierConfig]) -> None:
        """Apply changed settings to running SMPP carriers, as far as they can take them; log what needs a restart."""
        known = {entry.name: entry for entry in self._entries}
        for entry in entries:
            carrier, before = self.by_name.get(entry.name), known.get(entry.name)
            if isinstance(carrier, SmppCarrier) and isinstance(entry, SmppCarrierSettings):
                carrier.adjust(entry)
                _log.info("carrier_adjusted", carrier=entry.name, **{name: getattr(entry, name) for name in ADJUSTABLE})
            if not _is_taken_over(before, entry):
                _log.warning("carrier_needs_a_start", carrier=entry.name)
        for name in known.keys() - {entry.name for entry in entries}:
            _log.warning("carrier_needs_a_start", carrier=name)

    async def restore_simulators(self, database: Database) -> None:
        """Give simulators again the parts that they took before this start and have not reported: they keep nothing."""
        for name, smsc in self.simulators.items():
            inside = _inside(name, smsc.settings)
            submit, after = submit_maker(inside, wall_ms=self._clock.wall_ms), 0
            while True:
                found = await database.read(awaiting_receipt, name, after=after)
                for reference, part in found:
                    if isinstance(pdu := submit(part), SubmitSm):
                        smsc.restore(inside.system_id, reference, pdu)
                if not found:
                    break
                after = found[-1][1].part_id

    async def stop(self, deadline_seconds: float) -> None:
        """Unbind from every carrier, then end the simulators and log what they have counted."""
        await asyncio.gather(*(carrier.stop(deadline_seconds) for carrier in self.by_name.values()))
        for name, smsc in self.simulators.items():
            smsc.close()
            _log.info("the simulator has counted", carrier=name, **dataclasses.asdict(smsc.stats))

    def _carrier(self, entry: CarrierConfig, ids: Ids) -> Carrier:
        if isinstance(entry, SmppCarrierSettings):
            return SmppCarrier(entry, clock=self._clock, chance=ids.random)
        smsc = SimulatorSmsc(entry.settings, clock=self._clock, chance=ids.random)
        self.simulators[entry.name] = smsc
        return SmppCarrier(
            _inside(entry.name, entry.settings), clock=self._clock, chance=ids.random, connect=smsc.connect_memory
        )


def _is_taken_over(before: CarrierConfig | None, entry: CarrierConfig) -> bool:
    """Return True if an entry differs from the running one only in settings that a running carrier can take over."""
    if isinstance(before, SmppCarrierSettings) and isinstance(entry, SmppCarrierSettings):
        return before == dataclasses.replace(entry, **{name: getattr(before, name) for name in ADJUSTABLE})
    return before == entry


def _inside(name: str, settings: SimulatorSettings) -> SmppCarrierSettings:
    """Return the settings of the link to a simulator in this process; it is always near, so it reconnects soon."""
    return SmppCarrierSettings(
        name=name,
        host="",
        port=0,
        system_id="palomar",
        password="",
        window=1_000,
        response_timeout_seconds=settings.answer_timeout_seconds,
        enquire_link_seconds=settings.answer_timeout_seconds,
        reconnect_min_seconds=0.1,
        reconnect_max_seconds=1,
    )
