"""The nouns and rules of the house: pure values and functions.

No I/O, no clock, no randomness, no logging: time, ids and chance come in as arguments.
"""
