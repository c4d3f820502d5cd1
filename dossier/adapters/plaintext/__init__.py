"""Text of plain files in any encoding that Chinese offices use."""

from dossier.adapters.plaintext.extractor import PlainTextExtractor

__all__ = ["PlainTextExtractor"]
