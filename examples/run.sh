#!/bin/sh
# Any program, registered for as long as it is well: sh examples/run.sh
# The program's own path, and not npx: npx ends on SIGTERM without telling what it runs.
SIGNPOST=$(dirname "$0")/../dist/cli/main.js
exec node "$SIGNPOST" run web --port 0 --ttl 1 --ready http:/ --check http:/ -- sh -c 'exec python3 -m http.server "$PORT"'
