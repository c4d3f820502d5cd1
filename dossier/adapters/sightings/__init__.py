"""What stands on a page's picture besides its text: signatures, seals, writing by hand.

Looks at the picture that was read anyway, with the reading's boxes; nothing is learned or loaded.
Numbers are data (``rulebook/sightings.yaml``), figures in docs/performance-ocr.md.
"""
