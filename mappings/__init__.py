"""The index mappings: Elasticsearch bodies, and the only list of index fields."""
