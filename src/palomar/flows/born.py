"""Callbacks that a transaction makes: this node takes them at birth, as long as their targets have room here.

Not here: what an event says to whom (``work``), and what happens to the others (``callback_turns``).
"""

from palomar.flows.house import House
from palomar.storage.webhooks import WebhookRow


class BornCallbacks:
    """Those of one transaction. A target's room is asked for once."""

    def __init__(self, house: House) -> None:
        self.webhooks: list[WebhookRow] = []
        self._desk = house.callbacks
        self._behind = self._desk.behind
        self._node_id = house.node_id
        self._room: dict[int, int] = {}
        """How many more callbacks this node takes, by target."""

    def add(self, webhook: WebhookRow) -> None:
        """Take up a new callback: this node's, where its target has room here."""
        target = webhook.target
        room = self._room.get(target)
        if room is None:
            room = self._desk.room(webhook.account_id, target)
        if room > 0 and webhook.message_id not in self._behind:
            webhook.node_id = self._node_id
            room -= 1
        self._room[target] = room
        self.webhooks.append(webhook)
