#!/bin/sh
# Any program, registered for as long as it is well: sh examples/run.sh
exec npx signpost run web --port 0 --ttl 1 --ready http:/ --check http:/ -- sh -c 'exec python3 -m http.server "$PORT"'
