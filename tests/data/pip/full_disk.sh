#!/bin/sh
# A disk without room, after more words than a pipe holds.
i=0
while [ $i -lt 3000 ]; do
    echo "WARNING: Retrying, this is one of many lines that nobody reads ($i)" >&2
    i=$((i + 1))
done
echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2
exit 1
