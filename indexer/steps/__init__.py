"""The steps a document goes through, in their order."""
