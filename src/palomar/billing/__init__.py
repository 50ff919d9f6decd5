"""Billing: prices, credit, the double-entry ledger, automatic top-ups, and callbacks for a low balance.

Start at ``ledger``, the money of one transaction. Not here: accounts and their settings (``accounts``).
"""
