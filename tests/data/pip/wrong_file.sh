#!/bin/sh
while [ "$1" != "--dest" ]; do shift; done
mkdir -p "$2"
echo "not the wheel" > "$2/onnxruntime.whl"
