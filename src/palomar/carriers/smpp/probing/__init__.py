"""Probing (``palomar doctor carrier``): binds to a carrier, sends a few messages, and learns which settings fit.

Not here: sending for customers (``carrier``).
"""
