"""Commands about messages, their callbacks, inbound numbers, and black lists."""
