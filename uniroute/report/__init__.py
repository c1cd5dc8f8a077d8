"""From a table of your own to a decision: read it, compare routers on it."""
