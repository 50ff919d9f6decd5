"""Callbacks: what customers are told about their messages by HTTP, with retries, targets that fail, and history.

An event becomes a row of the outbox in the transaction that makes it (``outbox``), and ``sender`` delivers it.
"""
