"""The simulator: an SMSC that delivers to simulated phones, inside the process or on a TCP port.

It is the far side of a carrier, not a carrier: ``app/carriers.py`` gives ``SimulatorSmsc.connect_memory`` to an
``SmppCarrier``, so that a simulated carrier and a real one run the same code. Begin reading at ``smsc``;
``delivery_plan`` lists the magic numbers, ``chaos`` holds what the simulator does wrong on purpose.
"""
