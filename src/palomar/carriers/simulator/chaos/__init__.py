"""Chaos: what the simulator does wrong on purpose, the language of a script, and the injector that carries it out."""
