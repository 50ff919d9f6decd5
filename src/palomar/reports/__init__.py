"""Reports: search and look up messages, count them, and answer "why?" and "what needs a person?". Mostly reads."""
