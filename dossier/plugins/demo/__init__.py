"""Invents an archive for demonstrations, tests and benchmarks: people, papers and their truth."""
