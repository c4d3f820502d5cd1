"""The search index on tantivy: embedded, in process, one writer, readers in every process."""

from dossier.adapters.tantivy.index import TantivyIndex

__all__ = ["TantivyIndex"]
