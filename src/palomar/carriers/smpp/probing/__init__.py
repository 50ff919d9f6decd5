"""Probing: binds to a carrier before it is used, sends it a few messages, and learns which settings fit.

Not here: sending for customers (``carrier``).
"""
