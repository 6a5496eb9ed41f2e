"""Language models behind one small interface: prompts in, completions with token counts out."""

from models.llm.backend import Backend, Completion, Sampling, load_backend

__all__ = ["Backend", "Completion", "Sampling", "load_backend"]
