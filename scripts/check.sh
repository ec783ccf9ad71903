#!/usr/bin/env bash
# The gate: restore, build, format, tests, in order of cost; stops at the first fault. The last line counts the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dotnet restore
dotnet build --no-restore --configuration Release
dotnet format --no-restore --verify-no-changes

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet test --no-build --configuration Release "$@" 2>&1 | tee "$log" || status=$?
awk '$1 == "failed:" { failed = $2 } $1 == "succeeded:" { passed = $2 } $1 == "skipped:" { skipped = $2 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$log"
exit "$status"
