"""Chaos: what the simulator does wrong on purpose, how a script says so, and the injector that does it."""
