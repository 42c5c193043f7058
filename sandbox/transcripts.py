"""``make verify``: fetch transcripts and keys of a running sandbox and verify them offline."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import boto3

from baccarat.adapters.cli import main as baccarat
from sandbox.configuration import Options, Run, SandboxError
from sandbox.headless import call_api


def download(run: Run, folder: Path) -> list[Path]:
    """Write every transcript and the published keys to ``folder``; return the transcripts by table
    and in the order of their rounds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.json").write_text(json.dumps(call_api(run, "GET", "/keys")))
    s3, bucket = boto3.client("s3"), run.outputs["RecordsBucket"]
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="transcripts/")
    files = []
    for item in (item for page in listed for item in page.get("Contents", [])):
        file = folder / Path(item["Key"]).name
        file.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
        files.append(file)
    return sorted(files)


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.transcripts", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="of the running AWS emulator")
    place = Options(parser.parse_args().port, 0, 0, 0)
    try:
        run = Run.load(place.folder)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    os.environ.update(place.environment())
    folder = place.folder / "transcripts"
    files = download(run, folder)
    started = time.perf_counter()
    code = baccarat(["verify", *map(str, files)])
    print(f"{len(files)} transcripts in {folder}, checked in {time.perf_counter() - started:.2f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
