"""`pat explain`: from a produced text to everything that shaped it."""
