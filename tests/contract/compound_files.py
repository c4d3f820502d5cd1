"""OLE compound files ([MS-CFB], version 3) built by code: storages, small streams and all."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import olefile

_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_SECTOR, _SMALL, _CUTOFF = 512, 64, 4096


def streams_of(content: bytes) -> dict[str, bytes]:
    """All streams of a compound file by their paths, "/" between parts."""
    with olefile.OleFileIO(content) as ole:
        return {"/".join(path): ole.openstream(path).read() for path in ole.listdir()}


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with the streams given by path; storages are made as needed."""
    small, small_table, sectors, table = bytearray(), [], bytearray(), []

    def store(data: bytes) -> int:
        start = len(table)
        count = -(-len(data) // _SECTOR)
        table.extend([*range(start + 1, start + count), _END] if count else [])
        sectors.extend(data.ljust(count * _SECTOR, b"\0"))
        return start if count else _END

    def place(data: bytes) -> tuple[int, int]:
        if len(data) >= _CUTOFF:
            return store(data), len(data)
        start, count = len(small_table), -(-len(data) // _SMALL)
        small_table.extend([*range(start + 1, start + count), _END] if count else [])
        small.extend(data.ljust(count * _SMALL, b"\0"))
        return (start if count else _END), len(data)

    entries: list[list[int | str]] = [["Root Entry", 5, _NONE, _NONE, _END, 0]]
    _enter(entries, 0, _tree(streams), place)
    entries[0][4], entries[0][5] = store(bytes(small)), len(small)
    directory = store(b"".join(_entry(*entry) for entry in entries))  # type: ignore[arg-type]
    packed = struct.pack(f"<{len(small_table)}I", *small_table)
    packed += b"\xff" * (-len(packed) % _SECTOR)
    small_fat = store(packed)
    # The table stands at the end and counts itself.
    tables = 1
    while tables * 128 < len(table) + tables:
        tables += 1
    first = len(table)
    table.extend([_FAT] * tables)
    fat = struct.pack(f"<{len(table)}I", *table).ljust(tables * _SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIII", 0, tables, directory, 0, _CUTOFF)
    head += struct.pack("<IIII", small_fat, len(packed) // _SECTOR, _END, 0)
    places = [*range(first, first + tables)]
    head += struct.pack("<109I", *places, *[_FREE] * (109 - tables))
    return head + bytes(sectors) + fat


def _tree(streams):  # type: ignore[no-untyped-def]
    tree: dict = {}  # type: ignore[type-arg]
    for path, data in streams.items():
        *folders, name = path.split("/")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[name] = data
    return tree


def _enter(entries, parent, tree, place):  # type: ignore[no-untyped-def]
    """Children in the order of [MS-CFB] 2.6.4, each the right sibling of the one before."""
    before = None
    for name in sorted(tree, key=lambda one: (len(one), one.upper())):
        number = len(entries)
        if before is None:
            entries[parent][3] = number
        else:
            entries[before][2] = number
        before = number
        if isinstance(tree[name], dict):
            entries.append([name, 1, _NONE, _NONE, 0, 0])
            _enter(entries, number, tree[name], place)
        else:
            entries.append([name, 2, _NONE, _NONE, *place(tree[name])])


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, _NONE, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
