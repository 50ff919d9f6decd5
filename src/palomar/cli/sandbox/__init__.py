"""Commands of the sandbox: its clock, its chaos, and the simulator as a process of its own."""
