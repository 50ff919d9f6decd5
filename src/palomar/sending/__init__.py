"""Sending: a queued message is claimed, submitted by a carrier, and moved to another when that does not take it.

Start at ``dispatcher``; ``submit`` is the transaction around each submit. Not here: how a request becomes a queued
message (``acceptance``), which carrier is chosen (``routing``), and what a receipt changes (``receipts``).
"""
