"""Sender rules: which senders a carrier takes in a country. A rule passes a sender, replaces it, or refuses it.

Many networks drop names that were not registered with them. A rule may name a carrier, a country and a form of sender;
the most particular rule that matches decides, and of equal ones the oldest. Without a rule every sender passes. Not
here: which sender an account has where a request names none (``acceptance.default_sender``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from palomar.numbers.sender import SenderKind, parse_sender


class SenderForm(StrEnum):
    """Forms of a sender; ``any`` is every form."""

    ANY = "any"
    NAME = "name"
    NUMBER = "number"


class SenderAction(StrEnum):
    """Actions of a rule on a sender."""

    PASS = "pass"  # noqa: S105
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRule:
    """One rule. An empty carrier or country matches any; ``replacement`` is the sender that is given to the carrier."""

    id: int
    carrier: str = ""
    country: str = ""
    form: SenderForm = SenderForm.ANY
    action: SenderAction
    replacement: str = ""


def in_order(rules: Iterable[SenderRule]) -> tuple[SenderRule, ...]:
    """Sort rules, the most particular first."""
    return tuple(sorted(rules, key=lambda rule: (-_particularity(rule), rule.id)))


def sender_for(rules: Sequence[SenderRule], *, carrier: str, country: str, sender: str) -> str | None:
    """Return the sender to give to the carrier, or None where it takes no such sender. ``rules`` are
    :func:`in_order`."""
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


def _particularity(rule: SenderRule) -> int:
    return 4 * bool(rule.carrier) + 2 * bool(rule.country) + (rule.form is not SenderForm.ANY)


def _has_form(sender: str, form: SenderForm) -> bool:
    if form is SenderForm.ANY:
        return True
    parsed = parse_sender(sender)
    is_name = parsed is None or parsed.kind is SenderKind.ALPHANUMERIC
    return is_name is (form is SenderForm.NAME)
