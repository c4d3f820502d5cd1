"""Text analysis, query language, highlighting: one code for index and query, for every engine."""
