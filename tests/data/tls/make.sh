#!/bin/sh
# Makes the certificates of this folder: an authority that nobody trusts, and a server called localhost. The keys are
# public, so they are good for nothing but tests.
set -eu
cd "$(dirname "$0")"
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500"
# shellcheck disable=SC2086
openssl req -x509 $new -keyout ca.key -out ca.pem -subj "/CN=Voxpoint test authority" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign
# shellcheck disable=SC2086
openssl req -x509 $new -keyout server.key -out server.pem -subj "/CN=localhost" -CA ca.pem -CAkey ca.key \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost
rm ca.key
