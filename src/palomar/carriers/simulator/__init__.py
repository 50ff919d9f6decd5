"""The simulator: an SMSC that delivers to handsets that are not there, inside the process or on a TCP port.

It is the other end of a carrier, not a carrier: ``app.py`` gives ``SimulatorSmsc.connect_memory`` to an
``SmppCarrier``, so that the simulated way and the real one are the same code. ``outcome`` lists the magic numbers.
"""

from palomar.carriers.simulator.handsets import Handsets
from palomar.carriers.simulator.listen import serve
from palomar.carriers.simulator.outcome import table as magic_numbers
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import Arrival, SimulatorSmsc
from palomar.carriers.simulator.stats import Stats

__all__ = [
    "Arrival",
    "Handsets",
    "SimulatorSettings",
    "SimulatorSmsc",
    "Stats",
    "magic_numbers",
    "serve",
]
