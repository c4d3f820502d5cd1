"""Implementations of the ports; imported by :mod:`dossier.bootstrap` only."""
