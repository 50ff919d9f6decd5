"""The sandbox: simulated phones, recorded API calls and received callbacks, the clock and chaos.

It exists only while some carrier is the embedded simulator. Begin reading at ``sandbox.sandbox``: the console reads and
changes everything through its ``PersonalSandbox``. Not here: the simulator itself (``carriers.simulator``), and the
pages (``console.pages``).
"""
