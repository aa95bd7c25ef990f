#!/usr/bin/env bash
# Open the app on the bundled flight; without a display run the same job in the terminal.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-out}
flight=data/trex550/flightA_pitchtest_filtered.csv

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ]; then
  .venv/bin/python gui --example trex550
  status=$?
  [ "$status" -ne 3 ] && exit "$status"   # 3: no window could be opened, and it said why
  echo "The same job runs here in the terminal."
else
  echo "No display was found (neither DISPLAY nor WAYLAND_DISPLAY is set), so the same job runs here in the terminal."
fi
mkdir -p "$out"
.venv/bin/heliid identify --train "$flight" --split 70 \
  --inputs stick_lon,stick_col,stick_ped --outputs q,theta --budget 60 --out "$out/trex550" || exit $?
echo "The model is $out/trex550/model.json, the report $out/trex550/report.html."
