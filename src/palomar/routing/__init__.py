"""Routing: which carrier takes a message and why each of the others does not; lanes, hours and sender rules.

Start at ``rules``: they are pure, and explain what they chose. ``router`` applies them to the carriers of this moment.
Not here: sending by the carrier that was chosen (``sending``).
"""
