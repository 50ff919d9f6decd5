"""Receipts: a delivery receipt finds its part and ends it; parts whose fate is in doubt; receipts overdue.

Start at ``record``; ``matching`` finds the part, ``ending`` ends it. What carriers taught us about their ids is kept in
``receipt_id_lessons``.
"""
