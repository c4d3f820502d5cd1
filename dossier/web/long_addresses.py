"""Addresses as long as the queries that people paste: ten thousand Chinese characters are 90 kB.

The parser under uvicorn refuses an address of 64 KiB with a bare "Invalid HTTP request", before
anybody could say that the query is too long.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_ADDRESS = 1024 * 1024
"""Bytes; what is longer is no query, and is not kept in memory."""
LONGEST_PARSED = 60_000
"""Bytes that the parser takes (its own limit is 65,535)."""
TOO_LONG = "The address is longer than 1 MiB: shorten the query."


class LongAddresses(HttpToolsProtocol):
    """uvicorn's protocol, where the query of a long address goes round the address's parser."""

    def on_url(self, url: bytes) -> None:
        """Take the next piece of the address.

        Raises:
            ValueError: it is too long; the parser ends the request.
        """
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            raise ValueError(TOO_LONG)

    def on_headers_complete(self) -> None:
        """Begin to answer; the task that answers starts only after this."""
        if len(self.url) <= LONGEST_PARSED:
            super().on_headers_complete()
            return
        path, _, query = self.url.partition(b"?")
        self.url = path[:LONGEST_PARSED]
        super().on_headers_complete()
        self.scope["query_string"] = query

    def send_400_response(self, msg: str) -> None:
        """Say what was wrong with a request that cannot be read."""
        too_long = len(getattr(self, "url", b"")) > LONGEST_ADDRESS
        super().send_400_response(TOO_LONG if too_long else msg)
