"""Reads an NVS partition back, by the format that ESP-IDF documents: pages of 4096 bytes, 32 bytes each for header and bitmap of
states, then 126 entries of 32 bytes."""

import struct
import zlib

PAGE, ENTRY, WRITTEN = 4096, 32, 0b10
NAMESPACE_OF_NAMESPACES = 0
U8, STRING, BLOB_DATA, BLOB_INDEX = 0x01, 0x21, 0x42, 0x48


def read(partition: bytes) -> dict[str, dict[str, bytes]]:
    """By namespace and key, what is in it; every checksum is looked at."""
    names: dict[int, str] = {}
    found: list[tuple[int, str, int, bytes]] = []
    for begin in range(0, len(partition), PAGE):
        page = partition[begin : begin + PAGE]
        if page[:ENTRY] == b"\xff" * ENTRY:
            continue
        assert struct.unpack_from("<I", page, 28)[0] == zlib.crc32(page[4:28], 0xFFFFFFFF)
        number = 0
        while number < 126:
            state = page[32 + number // 4] >> (number % 4 * 2) & 0b11
            entry = page[64 + number * ENTRY :][:ENTRY]
            number += 1
            if state != WRITTEN:
                continue
            namespace, kind, span, _, crc = struct.unpack_from("<BBBBI", entry)
            assert crc == zlib.crc32(entry[:4] + entry[8:], 0xFFFFFFFF), "checksum of an entry"
            key = entry[8:24].split(b"\0")[0].decode()
            value = entry[24:25]
            if kind in (STRING, BLOB_DATA):
                length, crc = struct.unpack_from("<HxxI", entry, 24)
                value = page[64 + number * ENTRY :][:length]
                assert crc == zlib.crc32(value, 0xFFFFFFFF), "checksum of a value"
                number += span - 1
            if namespace == NAMESPACE_OF_NAMESPACES:
                names[value[0]] = key
            elif kind != BLOB_INDEX:
                found.append((namespace, key, kind, value))
    values: dict[str, dict[str, bytes]] = {name: {} for name in names.values()}
    for namespace, key, kind, value in found:
        text = value.removesuffix(b"\0") if kind == STRING else value
        values[names[namespace]][key] = values[names[namespace]].get(key, b"") + text
    return values
