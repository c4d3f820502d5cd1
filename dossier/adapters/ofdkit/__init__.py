"""Text of OFD files (GB/T 33190) with the places of its characters."""

from dossier.adapters.ofdkit.extractor import OfdExtractor

__all__ = ["OfdExtractor"]
