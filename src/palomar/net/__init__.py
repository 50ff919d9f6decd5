"""The edges of the house: the HTTP server's limits, the guarded client for callbacks, the networks nobody may
reach.

Not for what a request means: dialects, console and links answer those, flows decide.
"""
