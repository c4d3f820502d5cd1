"""A QR code as a picture inside the page: nothing is asked of the network."""

from __future__ import annotations

import base64


def qr_picture(text: str) -> str:
    """The text as an SVG picture's ``data:`` address; zxing-cpp draws it."""
    import zxingcpp

    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    drawn = zxingcpp.write_barcode_to_svg(code)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
