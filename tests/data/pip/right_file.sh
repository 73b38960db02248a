#!/bin/sh
while [ "$1" != "--dest" ]; do shift; done
mkdir -p "$2"
# TMPDIR is the folder to download into, in the folder to install into, in the test's.
cp "$TMPDIR/../../small.whl" "$2/onnxruntime.whl"
