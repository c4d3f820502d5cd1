"""Routes of the JSON door, one module a resource."""
