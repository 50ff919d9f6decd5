"""Commands about messages, their callbacks, inbound numbers, and the sandbox."""
