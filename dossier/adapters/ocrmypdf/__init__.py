"""OCRmyPDF 17: the searchable copy beside the original, and a plugin for its command line."""

from dossier.adapters.ocrmypdf.maker import OcrmypdfMaker

__all__ = ["OcrmypdfMaker"]
