"""The commands of `pat`, one module each."""
