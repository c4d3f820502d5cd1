"""Originals on the local disk, by content."""
