"""Receipts: what a carrier reports of a part moves its state; parts in doubt; receipts that are overdue.

Start at ``record``: ``matching`` finds the part of a receipt, ``ending`` ends it. ``doubts`` are the copies of parts of
which nobody knows whether their carrier has them. Not here: PDUs (``carriers.smpp.deliveries``), and callbacks to
customers (``callbacks``).
"""
