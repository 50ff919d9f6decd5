"""Links to one SMSC: connecting, binding, keeping alive, and what is recorded of them. Begin reading at ``link``."""
