"""HTTP: the server and its limits, the guarded client for callbacks, and rules about addresses.

Begin reading at ``server`` and ``client.client``. Not here: what a request means, which the faces decide (dialects,
console, short links).
"""
