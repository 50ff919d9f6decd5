"""Billing: credit, prices, the double-entry ledger, automatic top-ups, and notices of a low balance."""
