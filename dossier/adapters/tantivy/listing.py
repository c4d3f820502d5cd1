"""Lists of groups: the first ones of very many, and those that are left out of nearly all.

The engine has no exact count of distinct groups, so where a word is on every second paper all its
groups are listed. Python's collector is held meanwhile: hundreds of thousands of objects are made
at once, none of which is part of a cycle, and to look at them again and again took as long as all
the rest.
"""

from __future__ import annotations

import gc
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING

from tantivy import FieldType, Order, Query, Schema

from dossier.adapters.tantivy.engine import both
from dossier.adapters.tantivy.reader import View
from dossier.search.expression import Expression, Range, any_of
from dossier.search.of_customers import those

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS_READ = 4  # times as many as groups are wanted: mostly enough, a customer has some papers
_NARROW = 64  # numbers that are left out side by side and named one by one; a wider gap is a range
_MOST_WIDE = 32
_LAST = (1 << 64) - 1

_lock = threading.Lock()
_holding = 0
_was_on = False


@contextmanager
def without_collecting() -> Iterator[None]:
    """Hold Python's collector, which would look at all that is made here again and again.

    Safe from any thread: the last one that leaves lets it go on.
    """
    global _holding, _was_on
    with _lock:
        if _holding == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _holding += 1
    try:
        yield
    finally:
        with _lock:
            _holding -= 1
            if _holding == 0 and _was_on:
                gc.enable()


def groups_of_rows(view: View, query: Query, rows: int) -> array[int]:
    """The groups of the rows that match, descending, each once; ``rows`` at most match."""
    import numpy as np  # loaded by the first broad word: other processes never need it

    alike = Query.const_score_query(query, 1.0)
    with without_collecting():
        hits = view.searcher.search(
            alike, max(1, rows), count=False, order_by_field="group", order=Order.Desc
        ).hits
        keys = np.fromiter(map(itemgetter(0), hits), dtype=np.uint64, count=len(hits))
    is_first = np.ones(len(keys), dtype=bool)
    is_first[1:] = keys[1:] != keys[:-1]
    return as_array(keys[is_first])


def first_groups(view: View, query: Query, wanted: int) -> list[int]:
    """The first groups of the rows that match, descending; all of them where there are fewer."""
    below: list[Query] = []
    alike = Query.const_score_query(query, 1.0)
    found: list[int] = []
    rows = wanted * _ROWS_READ
    while True:
        hits = view.searcher.search(
            both(alike, *below), rows, count=False, order_by_field="group", order=Order.Desc
        ).hits
        found += dict.fromkeys(map(itemgetter(0), hits))
        if len(hits) < rows or len(found) >= wanted:
            return found[:wanted]
        below = [lower_groups(view.schema, found[-1])]
        rows *= 2  # groups of very many rows


def lower_groups(schema: Schema, key: int) -> Query:
    """Rows of the groups below one."""
    return Query.range_query(schema, "group", FieldType.Unsigned, None, key, include_upper=False)


def as_array(keys: NDArray[np.uint64]) -> array[int]:
    """Many keys, eight bytes each."""
    import numpy as np

    found = array("Q")
    found.frombytes(np.ascontiguousarray(keys).tobytes())
    return found


def all_others(keys: Sequence[int]) -> Expression | None:
    """All groups but these, where that is said shorter than these are; else None.

    By the gaps between them: customers are numbered one after the other, so few numbers are left
    out where most customers match.
    """
    if len(keys) < 2 * _NARROW:
        return None
    import numpy as np

    sorted_keys = np.sort(np.asarray(keys, dtype=np.uint64))
    steps = np.diff(sorted_keys)
    at = np.flatnonzero(steps > 1)
    first, last = sorted_keys[at] + np.uint64(1), sorted_keys[at + 1] - np.uint64(1)
    is_wide = last - first >= _NARROW
    if int(is_wide.sum()) > _MOST_WIDE:
        return None
    narrow = list(zip(first[~is_wide].tolist(), last[~is_wide].tolist(), strict=True))
    if sum(high - low + 1 for low, high in narrow) * 2 > len(keys):
        return None
    wide = list(zip(first[is_wide].tolist(), last[is_wide].tolist(), strict=True))
    lowest, highest = int(sorted_keys[0]), int(sorted_keys[-1])
    wide += [(0, lowest - 1)] if lowest else []
    wide += [(highest + 1, _LAST)] if highest < _LAST else []
    listed = [key for low, high in narrow for key in range(low, high + 1)]
    return any_of(*(Range("group", low, high) for low, high in wide), those(listed))
