"""Files inside files: ZIP archives and mails."""

from dossier.adapters.archive.mails import MailExtractor
from dossier.adapters.archive.zips import ZipExtractor

__all__ = ["MailExtractor", "ZipExtractor"]
