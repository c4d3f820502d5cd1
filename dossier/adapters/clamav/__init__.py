"""Malware scanning by a ClamAV daemon."""

from dossier.adapters.clamav.clamd import ClamdScanner

__all__ = ["ClamdScanner"]
