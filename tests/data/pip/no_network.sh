#!/bin/sh
echo "WARNING: Retrying: NewConnectionError: Failed to establish a new connection" >&2
echo "ERROR: No matching distribution found" >&2
exit 1
