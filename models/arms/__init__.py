"""Arms, ways to answer an example: rows of `arms.yaml`, and functions for those without a language model."""

from models.arms.catalog import Arm, arms, choose

__all__ = ["Arm", "arms", "choose"]
