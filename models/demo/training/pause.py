"""Everything here that computes for long pauses while a file exists: the one that the environment variable PAUSE_FILE
names (or `train.py --pause`).  So a training can run for days beside measurements on the same machine."""
import os
import time


def wait(path=None, until=lambda: False):
    """sleeps while the file exists, or until `until` says so; -> seconds"""
    path, began = path or os.environ.get("PAUSE_FILE"), time.time()
    while path and os.path.exists(path) and not until():
        time.sleep(2)
    return time.time() - began
