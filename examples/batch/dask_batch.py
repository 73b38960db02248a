"""The masks of a table by the workers of a Dask cluster, a share each; results come as shares end.

    pip install "dask[distributed]"
    python dask_batch.py jobs.csv --shares 8                         # processes on this machine
    python dask_batch.py jobs.csv --shares 8 --scheduler tcp://head:8786

The table, the scans and the program must be at the same place for all workers. What was stopped goes on with the same
command. With Ray: ray_batch.py.
"""

import argparse
import json
import subprocess
import sys

from dask.distributed import Client, as_completed


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("--shares", type=int, default=4)
    parser.add_argument("--scheduler", help="address; else processes on this machine")
    parser.add_argument("--voxpoint", default="voxpoint")
    arguments, options = parser.parse_known_args()
    local = {} if arguments.scheduler else {"threads_per_worker": 1, "dashboard_address": None}
    failed = False
    with Client(arguments.scheduler, **local) as client:
        numbers = range(1, arguments.shares + 1)
        shares = [
            client.submit(share, arguments.voxpoint, arguments.table, n, arguments.shares, options, pure=False)
            for n in numbers
        ]
        for _, (lines, error) in as_completed(shares, with_results=True):
            for line in lines:
                print(json.dumps(line, ensure_ascii=False), flush=True)
            if error:
                failed = True
                print(error, file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
