"""What `scale.py` runs in processes of their own: scripts, and a stand-in for object storage."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

#: Seconds to hash all files of a folder, one after another: the best of three.
HASH = """
import hashlib, json, pathlib, sys, time
files = sorted(path for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file())
times = []
for _ in range(3):
    begun = time.perf_counter()
    for path in files:
        with open(path, "rb") as handle:
            hashlib.file_digest(handle, "sha256")
    times.append(time.perf_counter() - begun)
print(json.dumps(min(times)))
"""

#: Seconds to verify a cache, imports left out: the best of three.
VERIFY = """
import json, pathlib, sys, time
from matdata.checks.cache import verify
times = []
for _ in range(3):
    begun = time.perf_counter()
    report = verify(pathlib.Path(sys.argv[1]))
    times.append(time.perf_counter() - begun)
assert not report.faults, report.faults
print(json.dumps(min(times)))
"""

#: Seconds to import matdata, to open a dataset, and then to read its ids and a feature.
OPEN = """
import json, sys, time
times, begun = {}, time.perf_counter()
def lap(name):
    global begun
    times[name] = time.perf_counter() - begun
    begun = time.perf_counter()
import matdata
lap("import")
dataset = matdata.open("sample", cache=sys.argv[1])
len(dataset)
lap("open")
dataset.ids
lap("ids")
dataset.feature("voronoi")
lap("feature")
dataset.table
lap("table")
print(json.dumps(times))
"""

#: An epoch over all materials in stream mode: seconds, share of waiting, materials per second.
LOADER = """
import json, sys, time
import torch
import matdata
from matdata.load.loader import make_loader
torch.manual_seed(0)
dataset = matdata.open("sample", cache=sys.argv[1])
loader = make_loader(
    dataset, None, ["voronoi"], "ewald_energy_per_atom", mode="stream", batch_size=256, shuffle=True
)
network = torch.nn.Sequential(
    torch.nn.Linear(273, 1024), torch.nn.SiLU(),
    torch.nn.Linear(1024, 1024), torch.nn.SiLU(), torch.nn.Linear(1024, 1),
)
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
begun = time.perf_counter()
for batch in loader:
    predicted = network(batch["voronoi"].dense().nan_to_num().clamp(-1e3, 1e3))
    loss = torch.nn.functional.huber_loss(predicted, batch.targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
seconds = time.perf_counter() - begun
result = {"seconds": seconds, "waited": loader.meter.history[-1], "rate": len(loader.ids) / seconds}
print(json.dumps(result))
"""


@contextlib.contextmanager
def s3_stand_in() -> Iterator[tuple[str, dict[str, str]]]:
    """A server on this machine that speaks S3; yields an address in it, and the environment."""
    import logging

    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it prints a line per request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    environment = {
        "AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port()),
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        keys = {"key": "benchmark", "secret": "benchmark"}
        files = s3fs.S3FileSystem(endpoint_url=environment["AWS_ENDPOINT_URL"], **keys)
        bucket = f"scale-{uuid.uuid4().hex}"  # servers of one process share their buckets
        files.mkdir(bucket)
        yield f"s3://{bucket}/lab", environment
    finally:
        server.stop()
