"""Transactions: many commands share one, because everything that arrives while one commits becomes the next.

Begin with ``batcher``, which runs the batches; ``steps`` declares what can be in a batch, and ``work`` is the unit of
work that its steps share. Capabilities join the work with the rows that they write; this package knows none of them.
"""
