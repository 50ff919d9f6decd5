"""Sending: a queued message is claimed, submitted to a carrier, and moved to another carrier when that does not take
it.

Start at ``dispatcher``: it gives parts to carriers. ``submit`` holds the transactions before and after each submit. Not
here: how a request becomes a queued message (``acceptance``), which carrier is chosen (``routing``), and what a receipt
changes (``receipts``).
"""
