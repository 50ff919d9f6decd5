"""Inbound: messages that phones write are joined, stored before they are acknowledged, and given to their account."""
