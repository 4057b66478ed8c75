#!/bin/sh
# Installs what the workspace needs and its base image lacks, with whichever of apk and apt-get is there.
set -eu

missing=
need() {
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need rsync rsync
need inotifywait inotify-tools
need ssh openssh-client
if [ -z "$missing" ]; then exit 0; fi

# The names of packages hold no spaces: they are meant to be split.
# shellcheck disable=SC2086
if command -v apk >/dev/null 2>&1; then
  apk add --no-cache $missing
elif command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q install -y --no-install-recommends $missing
  rm -rf /var/lib/apt/lists/*
else
  echo "The base image lacks$missing, and has neither apk nor apt-get." >&2
  exit 1
fi
