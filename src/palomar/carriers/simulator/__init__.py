"""The simulator: an SMSC that delivers to phones that are not there, inside the process or on a TCP port.

It is the other end of a carrier, not a carrier: ``app/server.py`` gives ``SimulatorSmsc.connect_memory`` to an
``SmppCarrier``, so that a simulated carrier and a real one are the same code. ``delivery_plan`` lists the magic
numbers.
"""
