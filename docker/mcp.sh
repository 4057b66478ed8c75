#!/bin/sh
# Calls an MCP tool of this container and prints its text: mcp sync_status, mcp read_file --path README.md
exec node /opt/cai/cai.js call --wait 4 "$@"
