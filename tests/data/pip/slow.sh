#!/bin/sh
# TMPDIR is the folder to download into, in the folder to install into, in the test's.
echo $$ > "$TMPDIR/../../pid"
exec sleep 600
