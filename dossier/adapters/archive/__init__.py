"""Files inside files: ZIP archives and mails."""
