"""`pat forget`: find everything of a user in a home, remove it, and keep it away."""
