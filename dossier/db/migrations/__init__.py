"""The core's own linear history of tables."""
