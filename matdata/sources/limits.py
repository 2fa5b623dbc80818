"""Limits on the input read at a time, so that no file can exhaust a machine's memory.

Each limit is far above the sizes in crystal data sets and low enough that a whole build stays
below one gigabyte.
"""

from __future__ import annotations

MIB = 1 << 20
CHUNK_ROWS = 500  # records per chunk: bounds memory, and the work repeated after a kill
#: Characters of one record's text (a CIF, a JSON document): 16 MiB of JSON can be 350 MB of Python
#: objects, and 16 MiB of POSCAR are a quarter of a million atoms.
MAX_RECORD = 16 * MIB
#: Characters of a line; a line of JSON can be a service's answer with many records.
MAX_LINE = 64 * MIB
#: Approximate bytes of one chunk's records as Python objects. 500 records of ordinary sets
#: take 15 MB, so only sets of unusually large records get smaller chunks.
CHUNK_WEIGHT = 128 * MIB
#: Nesting of objects and lists; programs write fewer than 15 levels.
MAX_DEPTH = 64
#: Columns of a table, and values of a record. More indicate ids or labels used as keys.
MAX_COLUMNS = 10_000
#: A file that unpacks to more than FREE_BYTES must not unpack to more than MAX_RATIO times its
#: size: crystal text compresses 3 to 20 times, decompression bombs 1,000 times and more.
FREE_BYTES = 256 * MIB
MAX_RATIO = 200
