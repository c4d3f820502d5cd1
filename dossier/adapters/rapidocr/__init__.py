"""OCR with the PP-OCRv6 models of the ``rapidocr`` wheel, run by onnxruntime.

Only the model files of the wheel are used, never its code: that code logs, may download, keeps
per-call state and pads every crop to 320 pixels. What replaces it is here, a few hundred lines,
and measured against it in ``benchmarks/ocr_quality.py``.
"""

from dossier.adapters.rapidocr.engine import RapidOcrEngine

__all__ = ["RapidOcrEngine"]
