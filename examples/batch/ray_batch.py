"""The masks of a table by the workers of a Ray cluster, a share each; results come as shares end.

    pip install ray
    python ray_batch.py jobs.csv --shares 8                    # processes on this machine
    python ray_batch.py jobs.csv --shares 8 --address auto     # the cluster that this machine is part of

The table, the scans and the program must be at the same place for all workers. What was stopped goes on with the same
command. Each share is given `--cores` of the cluster's cores, and as many threads.
"""

import argparse
import os
import sys

import shares

# What Ray tells its makers of whoever uses it is for each to agree to.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray  # noqa: E402

# Workers on other machines need not have that file.
ray.cloudpickle.register_pickle_by_value(shares)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=os.path.abspath)
    parser.add_argument("--shares", type=int, default=4)
    parser.add_argument("--cores", type=int, default=1, help="of each share")
    parser.add_argument("--address", help="of a cluster; else processes on this machine")
    parser.add_argument("--voxpoint", default="voxpoint")
    arguments, options = parser.parse_known_args()
    if "--threads" not in options:
        options += ["--threads", str(arguments.cores)]
    local = {} if arguments.address else {"include_dashboard": False}
    ray.init(address=arguments.address, log_to_driver=False, **local)
    wanted = ray.remote(shares.share).options(num_cpus=arguments.cores)
    waiting = [
        wanted.remote(arguments.voxpoint, arguments.table, number, arguments.shares, options)
        for number in range(1, arguments.shares + 1)
    ]
    failed = False
    while waiting:
        (ended,), waiting = ray.wait(waiting)
        lines, error = ray.get(ended)
        failed |= shares.tell(lines, error)
    ray.shutdown()
    sys.exit(failed)


if __name__ == "__main__":
    main()
