#!/bin/sh
echo "ERROR: Could not find a version" >&2
echo "ERROR: No matching distribution found for onnxruntime" >&2
echo "note: see above" >&2
exit 1
