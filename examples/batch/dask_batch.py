"""The masks of a table by the workers of a Dask cluster, a share each; results come as shares end.

    pip install "dask[distributed]"
    python dask_batch.py jobs.csv --shares 8                         # processes on this machine
    python dask_batch.py jobs.csv --shares 8 --scheduler tcp://head:8786

The table, the scans and the program must be at the same place for all workers. What was stopped goes on with the same
command. With Ray: ray_batch.py.
"""

import argparse
import sys

import cloudpickle
import shares
from dask.distributed import Client, as_completed

# Workers on other machines need not have that file.
cloudpickle.register_pickle_by_value(shares)


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
        waiting = [
            client.submit(shares.share, arguments.voxpoint, arguments.table, n, arguments.shares, options, pure=False)
            for n in numbers
        ]
        for _, (lines, error) in as_completed(waiting, with_results=True):
            failed |= shares.tell(lines, error)
    sys.exit(failed)


if __name__ == "__main__":
    main()
