"""Billing: prices, credit, the double-entry ledger, automatic top-ups, and callbacks for a low balance.

Start at ``ledger``, the money of one transaction. Not here: which account an account's credit comes from, and the
commands for it (``accounts.store``)."""
