"""The router at work: the rules in force, the carriers as they stand now, and whose turn it is.

Not here: the decision itself (``routing.rules``).
"""

from collections.abc import Callable, Mapping

from palomar.ports import Carrier, Clock, SubmitOutcome
from palomar.routing.carrier_health import CarrierHealth
from palomar.routing.route_chooser import UNROUTED
from palomar.routing.rules import CarrierState, Choice, RoutingPlan, RoutingQuestion, choose
from palomar.vocabulary.message import MessageId

FAILOVER_SECONDS = 5.0
_NOBODY: frozenset[str] = frozenset()


class Router:
    """What is known of living carriers. ``plan`` gives the rules in force."""

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
        self._sound = {name: CarrierState(name=name) for name in carriers}

    @property
    def plan(self) -> RoutingPlan:
        return self._plan()

    def look(self) -> "Outlook":
        """The rules and the carriers as they are now, for all messages of a batch."""
        states = self.states()
        plan = self._plan()
        plain = not plan.routes and not plan.sender_rules and states == self._sound
        return Outlook(self, plan, states, plain=plain)

    def next_turn(self) -> int:
        self._turn += 1
        return self._turn

    def states(self) -> dict[str, CarrierState]:
        """Every carrier and what is in its way."""
        now = self._clock.monotonic()
        sound = self._sound
        return {
            name: _troubled(health.carrier, trouble) if (trouble := health.trouble(now)) else sound[name]
            for name, health in self.health.items()
        }

    def answered(self, carrier: str, outcome: SubmitOutcome, message_id: MessageId) -> None:
        """Note that a carrier said what became of a submit of that message."""
        self.health[carrier].answered(outcome, self._clock.monotonic(), message_id)

    def has_failed(self, carrier: str) -> bool:
        """Whether what is queued for the carrier should leave by another."""
        return self.health[carrier].has_failed(self._clock.monotonic())

    def has_other(self, carrier: str) -> bool:
        """Whether there is another carrier that can be used."""
        return any(not state.trouble for name, state in self.states().items() if name != carrier)


def _troubled(carrier: Carrier, trouble: str) -> CarrierState:
    return CarrierState(name=carrier.name, trouble=trouble, takes_one=carrier.on_trial and carrier.room() > 0)


class Outlook:
    """``routing.route_chooser.RouteChooser`` for one batch. Where it is ``plain`` there is nothing to weigh, as nearly
    always: the carriers take turns, and nobody need be asked more than :meth:`in_turn`."""

    def __init__(self, router: Router, plan: RoutingPlan, states: Mapping[str, CarrierState], *, plain: bool) -> None:
        self.plan = plan
        self.plain = plain
        self._router = router
        self._states = dict(states)
        self._names = tuple(states)
        self._made: dict[tuple[str, str], Choice] = {}

    def in_turn(self, sender: str) -> Choice:
        """The next carrier, whoever asks; nothing is explained."""
        carrier = self._names[self._router.next_turn() % len(self._names)] if self._names else UNROUTED
        choice = self._made.get((carrier, sender))
        if choice is None:
            choice = self._made[carrier, sender] = Choice(carrier=carrier, sender=sender, usable=bool(self._names))
        return choice

    def choose(self, asked: RoutingQuestion, *, exclude: frozenset[str] = _NOBODY) -> Choice:
        """Choose the carrier for a message."""
        if self.plain and not exclude:
            return self.in_turn(asked.sender)
        choice = choose(self.plan, asked, self._states, turn=self._router.next_turn(), exclude=exclude)
        state = self._states.get(choice.carrier)
        if state is not None and state.takes_one:
            self._states[state.name] = CarrierState(name=state.name, trouble=state.trouble)  # this was the one
        return choice
