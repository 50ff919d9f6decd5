"""The router of a running node: applies the rules in force to the carriers of this moment, and counts their turns.

Where there are no rules and no carrier is in trouble, the carriers take turns. Not here: the decision by rules
(``routing.rules``), and when a carrier is in trouble (``routing.carrier_health``).
"""

from collections.abc import Callable, Mapping

from palomar.ports import Carrier, Clock, SubmitOutcome
from palomar.routing.carrier_health import CarrierHealth
from palomar.routing.route_chooser import UNROUTED
from palomar.routing.rules import CarrierState, Choice, RoutingPlan, RoutingRequest, choose
from palomar.vocabulary.message import MessageId

FAILOVER_SECONDS = 5.0
"""For so long a carrier fails before its messages move to another."""
_NO_CARRIERS: frozenset[str] = frozenset()


class Router:
    """The carriers of this node with their health. ``plan`` returns the rules in force."""

    def __init__(
        self,
        carriers: Mapping[str, Carrier],
        clock: Clock,
        *,
        plan: Callable[[], RoutingPlan] = RoutingPlan,
        failover_seconds: float = FAILOVER_SECONDS,
    ) -> None:
        self._clock = clock
        self._plan = plan
        self._turn = 0
        self.health = {
            name: CarrierHealth(carrier=carrier, failover_seconds=failover_seconds)
            for name, carrier in carriers.items()
        }
        self._healthy = {name: CarrierState(name=name) for name in carriers}

    @property
    def plan(self) -> RoutingPlan:
        """Return the rules in force."""
        return self._plan()

    def snapshot(self) -> "RoutingSnapshot":
        """Take the rules and the carriers as they are now, for all messages of a batch."""
        states = self.states()
        plan = self._plan()
        takes_turns = not plan.routes and not plan.sender_rules and states == self._healthy
        return RoutingSnapshot(self, plan, states, takes_turns=takes_turns)

    def next_turn(self) -> int:
        """Return a running number by which equal carriers share."""
        self._turn += 1
        return self._turn

    def states(self) -> dict[str, CarrierState]:
        """Return the state of every carrier, by name."""
        now = self._clock.monotonic()
        healthy = self._healthy
        return {
            name: _troubled(health.carrier, trouble) if (trouble := health.trouble(now)) else healthy[name]
            for name, health in self.health.items()
        }

    def record_outcome(self, carrier: str, outcome: SubmitOutcome, message_id: MessageId) -> None:
        """Record in a carrier's health the outcome of a submit of that message."""
        self.health[carrier].record_outcome(outcome, self._clock.monotonic(), message_id)

    def has_failed(self, carrier: str) -> bool:
        """Return True if messages queued for the carrier should leave by another."""
        return self.health[carrier].has_failed(self._clock.monotonic())

    def has_other(self, carrier: str) -> bool:
        """Return True if another carrier can be used."""
        return any(not state.trouble for name, state in self.states().items() if name != carrier)


def _troubled(carrier: Carrier, trouble: str) -> CarrierState:
    """Build the state of a carrier in trouble; on trial it may take one message, if it has a free slot."""
    return CarrierState(name=carrier.name, trouble=trouble, takes_one=carrier.on_trial and carrier.free_slots() > 0)


class RoutingSnapshot:
    """A ``RouteChooser`` for one batch. ``takes_turns`` is True where there are no rules and no carrier is in trouble,
    as nearly always: then the carriers take turns, and :meth:`next_in_turn` is enough."""

    def __init__(
        self, router: Router, plan: RoutingPlan, states: Mapping[str, CarrierState], *, takes_turns: bool
    ) -> None:
        self.plan = plan
        self.takes_turns = takes_turns
        self._router = router
        self._states = dict(states)
        self._names = tuple(states)
        self._made: dict[tuple[str, str], Choice] = {}

    def next_in_turn(self, sender: str) -> Choice:
        """Return the next carrier in turn for any message, without candidates to explain it."""
        carrier = self._names[self._router.next_turn() % len(self._names)] if self._names else UNROUTED
        choice = self._made.get((carrier, sender))
        if choice is None:
            choice = self._made[carrier, sender] = Choice(carrier=carrier, sender=sender, usable=bool(self._names))
        return choice

    def choose(self, request: RoutingRequest, *, exclude: frozenset[str] = _NO_CARRIERS) -> Choice:
        """Choose the carrier for a message."""
        if self.takes_turns and not exclude:
            return self.next_in_turn(request.sender)
        choice = choose(self.plan, request, self._states, turn=self._router.next_turn(), exclude=exclude)
        state = self._states.get(choice.carrier)
        if state is not None and state.takes_one:
            # It has had its one message.
            self._states[state.name] = CarrierState(name=state.name, trouble=state.trouble)
        return choice
