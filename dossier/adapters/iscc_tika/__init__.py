"""Text of Office, RTF, web and Outlook files by Apache Tika as native code (iscc-tika)."""

from dossier.adapters.iscc_tika.extractor import TikaExtractor

__all__ = ["TikaExtractor"]
