"""Routing: which carrier takes a message and why each of the others does not; lanes, hours and sender rules.

``rules`` are pure and explain themselves, ``router`` applies them to carriers as they stand.
"""
