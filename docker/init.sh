#!/bin/sh
# The workspace's first process: reaps whatever is left behind in the container, as only a first process
# can and a shell does while it waits, and hands the order to stop on.
"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
exit "${code:-0}"
