"""Text of Office, RTF, web and Outlook files by Apache Tika as native code (iscc-tika)."""
