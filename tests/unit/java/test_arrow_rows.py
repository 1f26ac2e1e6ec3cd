"""A stream of Arrow that is cut anywhere is an error, never fewer rows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pyarrow as pa

PROGRAM = Path(__file__).with_name("CutStream.java")


def test_a_stream_that_is_cut_anywhere_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    # Its last bytes are those of the mark that ends a stream. The column of texts has a dictionary.
    texts = pa.array(["a", "b", "a"]).dictionary_encode()
    batches = [
        pa.record_batch({"n": pa.array(values, pa.int64()), "t": texts.take(pa.array([0] * len(values), pa.int64()))})
        for values in ([1, 2, 3], [], [None] * 7 + [2**32 - 1])
    ]
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)

    jars = sorted((Path(os.environ["FLINK_HOME"]) / "lib").glob("*.jar"))
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--add-opens=java.base/java.nio=ALL-UNNAMED"]
    command = ["java", *options, "-cp", ":".join(map(str, jars)), str(PROGRAM), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    *cut, whole = (line.split(";") for line in done.stdout.splitlines())
    assert whole == [str(path.stat().st_size), "11", ""]
    assert len(cut) == path.stat().st_size
    assert all(error == f"arrow_rows: {length} bytes are not one whole Arrow stream" for length, _, error in cut)
    assert {int(rows) for _, rows, _ in cut} == {0, 3, 11}
