"""How much of an input is taken at a time: no file, however made, takes a machine's memory.

Each number is far above what data sets of crystals hold and low enough that a whole build stays
below one gigabyte.
"""

from __future__ import annotations

MIB = 1 << 20
CHUNK_ROWS = 500  # records in a chunk: bounds memory, and what a killed read does again
#: Characters of one record's text (a CIF, a JSON document): 16 MiB of JSON can be 350 MB of Python
#: objects, and 16 MiB of POSCAR are a quarter of a million atoms.
MAX_RECORD = 16 * MIB
#: Characters of a line; a line of JSON can be a service's answer with many records.
MAX_LINE = 64 * MIB
#: Bytes, about, that records of one chunk take as Python objects. 500 records of ordinary sets
#: take 15 MB, so only a set of uncommonly large records is cut into smaller chunks.
CHUNK_WEIGHT = 128 * MIB
#: Objects and lists within one another; what programs write has fewer than 15 levels.
MAX_DEPTH = 64
#: Columns of a table, and values of a record. More are ids or labels that stand as keys.
MAX_COLUMNS = 10_000
#: A file that unpacks to more than FREE_BYTES must not unpack to more than MAX_RATIO times its
#: size: text of crystals packs 3 to 20 times, what is made to fill a memory 1,000 times and more.
FREE_BYTES = 256 * MIB
MAX_RATIO = 200
