"""Commands about carriers, routes, lanes and sender rules."""
