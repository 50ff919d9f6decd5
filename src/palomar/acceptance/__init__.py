"""Acceptance: a request becomes stored, billed, queued messages in one transaction, or a refusal.

Start at ``compose`` (no database), then ``accept`` (the transaction) and ``filters``. What an account may do with its
scheduled messages is in ``scheduled``. Not here: who may send (``access.admission``), and how messages leave
(``sending``).
"""
