"""The sandbox: simulated phones, recorded API calls and received callbacks, the clock and chaos.

It exists while a carrier is the embedded simulator. ``sandbox`` is the door to it; the console's page shows it.
"""
