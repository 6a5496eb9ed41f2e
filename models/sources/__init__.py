"""Sources of reviews: one module per format, one set of rules for the records of all of them."""

from models.sources.reader import Batch, SourceReader, read_source
from models.sources.spec import FORMATS, Format, SourceSpec

__all__ = ["FORMATS", "Batch", "Format", "SourceReader", "SourceSpec", "read_source"]
