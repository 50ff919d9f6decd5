"""Numbers: telephone numbers, the country of each, and sender ids. Pure."""
