"""What dask_batch.py and ray_batch.py have in common: one share of a table, done by Voxpoint, and what is told of it."""

import json
import subprocess
import sys


def share(program, table, number, of, options):
    """Does one share; the lines that Voxpoint tells, and why it failed, if it did."""
    command = [program, "batch", table, "--shard", f"{number}/{of}", *options]
    run = subprocess.run(command, capture_output=True, text=True)
    # A program that was killed may leave half a line.
    lines = [json.loads(line) for line in run.stdout.splitlines(keepends=True) if line.endswith("\n")]
    if run.returncode < 0:
        return lines, f"share {number}/{of} was stopped (signal {-run.returncode}); the same command goes on"
    said = run.stderr.strip().splitlines() or [f"share {number}/{of} ended with code {run.returncode}"]
    return lines, said[-1] if run.returncode else None


def tell(lines, error):
    """Prints what came of a share; whether it failed."""
    for line in lines:
        print(json.dumps(line, ensure_ascii=False), flush=True)
    if error:
        print(error, file=sys.stderr)
    return bool(error)
