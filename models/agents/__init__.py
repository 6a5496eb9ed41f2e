"""The two agents that summarize evidence and the generator that fuses their summaries."""

from models.agents.agents import AGENTS, NOTHING, Agent, Generator, Parsed, ReviewLine

__all__ = ["AGENTS", "NOTHING", "Agent", "Generator", "Parsed", "ReviewLine"]
