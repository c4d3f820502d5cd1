"""Looks at files and their pages: true type, soundness, pictures and own text (pdfium, Pillow)."""

from dossier.adapters.pages.files import PageFiles

__all__ = ["PageFiles"]
