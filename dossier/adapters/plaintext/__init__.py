"""Text of plain files in any encoding that Chinese offices use."""
