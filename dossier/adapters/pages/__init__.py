"""Looks at files and their pages: true type, soundness, pictures and own text (pdfium, Pillow)."""
