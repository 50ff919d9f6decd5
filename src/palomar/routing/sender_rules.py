"""Sender rules: what a carrier lets a message say it comes from in a country; pass it, replace it, or do not go there.

Many networks drop names that were not registered with them. A rule names a carrier, a country, or a kind of sender, or
any of them; the most particular one decides, of equals the oldest. Without a rule every sender passes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from palomar.numbers.sender import SenderKind, parse_sender


class SenderForm(StrEnum):
    """What a sender looks like; ``any`` is every form."""

    ANY = "any"
    NAME = "name"
    NUMBER = "number"


class SenderAction(StrEnum):
    """What a rule does with a sender."""

    PASS = "pass"  # noqa: S105  # lets it pass
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRule:
    """One rule; an empty carrier or country is any. ``replacement`` is what is sent instead."""

    id: int
    carrier: str = ""
    country: str = ""
    form: SenderForm = SenderForm.ANY
    action: SenderAction
    replacement: str = ""


def in_order(rules: Iterable[SenderRule]) -> tuple[SenderRule, ...]:
    """The most particular rules first."""
    return tuple(sorted(rules, key=lambda rule: (-_weight(rule), rule.id)))


def sender_for(rules: Sequence[SenderRule], *, carrier: str, country: str, sender: str) -> str | None:
    """The sender to put on the air, or None where the carrier takes no such sender. ``rules`` are :func:`in_order`."""
    for rule in rules:
        if rule.carrier in ("", carrier) and rule.country in ("", country) and _has_form(sender, rule.form):
            match rule.action:
                case SenderAction.PASS:
                    return sender
                case SenderAction.REPLACE:
                    return rule.replacement
                case SenderAction.REFUSE:
                    return None
    return sender


def _weight(rule: SenderRule) -> int:
    return 4 * bool(rule.carrier) + 2 * bool(rule.country) + (rule.form is not SenderForm.ANY)


def _has_form(sender: str, form: SenderForm) -> bool:
    if form is SenderForm.ANY:
        return True
    parsed = parse_sender(sender)
    is_name = parsed is None or parsed.kind is SenderKind.ALPHANUMERIC
    return is_name is (form is SenderForm.NAME)
