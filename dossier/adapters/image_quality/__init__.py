"""Measures how well a page was scanned, on the picture that was read anyway (DA/T 31).

What is measured is plain numbers; what is good enough is data (``rulebook/image_quality.yaml``).
"""
