"""A view PDF of files that have no page pictures, with the place of every character."""

from dossier.adapters.textview.view import TextView

__all__ = ["TextView"]
