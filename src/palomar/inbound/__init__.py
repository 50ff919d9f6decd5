"""Messages that phones write to our numbers: joined, told from repeats, stored before they are acknowledged, and given
to their account. Begin with ``receive``."""
