"""Arms, ways to answer an example: rows of `arms.yaml`, and functions for those without a language model."""

from models.arms.catalog import ALL_ARMS, Arm, arms, choose

__all__ = ["ALL_ARMS", "Arm", "arms", "choose"]
