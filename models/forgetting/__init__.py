"""Recognizing what somebody wrote, wherever it was copied to."""
