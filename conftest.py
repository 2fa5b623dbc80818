"""One thread for each test process: `-n auto` starts one a core, and more would wait in turn."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
