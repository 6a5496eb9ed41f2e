"""Systems that assets talk to."""
