"""Use cases. The only callers of access, the database and the ports."""
