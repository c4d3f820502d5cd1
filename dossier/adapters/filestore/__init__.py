"""Originals on the local disk, by content."""

from dossier.adapters.filestore.local import LocalFileStore

__all__ = ["LocalFileStore"]
