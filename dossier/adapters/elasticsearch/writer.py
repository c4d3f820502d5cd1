"""Writing the live generation, or a new one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dossier.adapters.elasticsearch.bulk import BulkSender, Operation, RefusedRow, put, take
from dossier.adapters.elasticsearch.generations import Generation, Generations
from dossier.adapters.elasticsearch.lease import Lease
from dossier.adapters.elasticsearch.server import Server
from dossier.search.port import CustomerRow, Row, RowKey, RowKind
from dossier.search.rows import RowEncoder, row_key

_BUILD_STREAMS = 2  # stack.md: one stream reaches half of two


class ElasticsearchWriter:
    """Applies rows to the live generation; the caller holds the right to write.

    The server has no transactions: rows wait here until commit, so that what was not committed
    leaves no trace. A commit that breaks in the middle is repeated by the caller and changes
    nothing that was done: each row carries its revision.
    """

    def __init__(
        self,
        server: Server,
        generation: Generation,
        encoder: RowEncoder,
        lease: Lease,
        on_commit: Callable[[], None],
    ) -> None:
        self._server = server
        self._generation = generation
        self._encoder = encoder
        self._lease = lease
        self._on_commit = on_commit
        self._waiting: dict[str, Operation] = {}
        self._sender = BulkSender(server)

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Rows that the server will never take; their neighbours were taken."""
        return tuple(self._sender.refused)

    def apply(self, *, upserts: Iterable[Row] = (), deletes: Iterable[RowKey] = ()) -> None:
        """Put rows in and take rows out; visible after commit."""
        for gone in deletes:
            key = row_key(gone.kind, gone.key)
            self._waiting[key] = take(self._generation.index_of(gone.kind), key)
        for row in upserts:
            if operation := self._put(row):
                self._waiting[operation.key] = operation

    def commit(self) -> None:
        """Make durable and visible."""
        self._lease.renew()
        for waiting in self._waiting.values():
            self._sender.add(waiting)
        self._sender.flush()
        self._waiting.clear()
        self._refresh()

    def finish(self) -> None:
        """Drop what was not committed."""
        self._waiting.clear()
        self._sender.close()

    def _put(self, row: Row) -> Operation | None:
        """The row as it is sent; None for one whose values no index can hold, which is reported."""
        kind, name = _names(row)
        key = row_key(kind, name)
        try:
            values = self._encoder.encode(row)
            return put(self._generation.index_of(kind), key, row.revision, values)
        except (ValueError, TypeError):
            self._sender.refuse(key, "not encodable")
            return None

    def _refresh(self) -> None:
        both = self._generation.both
        self._server.manage(
            "committing the search index", lambda client: client.indices.refresh(index=both)
        )
        self._on_commit()


class ElasticsearchBuilder(ElasticsearchWriter):
    """Builds a generation that nobody sees before :meth:`publish`; rows are sent as they come."""

    def __init__(
        self,
        server: Server,
        generation: Generation,
        encoder: RowEncoder,
        lease: Lease,
        on_commit: Callable[[], None],
        generations: Generations,
    ) -> None:
        super().__init__(server, generation, encoder, lease, on_commit)
        self._sender = BulkSender(server, streams=_BUILD_STREAMS)
        self._generations = generations
        self.name = generation.name
        self.published = False

    def apply(self, *, upserts: Iterable[Row] = (), deletes: Iterable[RowKey] = ()) -> None:
        """Put rows in and take rows out."""
        self._lease.renew()
        gone = [
            take(self._generation.index_of(row.kind), row_key(row.kind, row.key)) for row in deletes
        ]
        if gone:
            for operation in gone:
                self._sender.add(operation)
            self.commit()  # until then the server remembers the deleted rows' revisions
        for row in upserts:
            if put_in := self._put(row):
                self._sender.add(put_in)

    def commit(self) -> None:
        """Make durable; visible only to who looks into the new generation."""
        self._lease.renew()
        self._sender.flush()
        self._refresh()

    def publish(self) -> None:
        """Commit and swap."""
        self.commit()
        self._generations.refresh_by_itself(self._generation, on=True)
        self._generations.publish(self._generation)
        self.published = True
        self._on_commit()


def _names(row: Row) -> tuple[RowKind, str]:
    if isinstance(row, CustomerRow):
        return RowKind.CUSTOMER, row.customer_no
    return RowKind.DOCUMENT, row.document_id
