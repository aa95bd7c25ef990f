#!/usr/bin/env bash
# Make .venv and install HeliID into it: `setup.sh run` what the app needs, `setup.sh dev` the tests' needs too.
# System libraries are installed where that is allowed; else the one line to type is printed.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}

qt_packages="libglib2.0-0 libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 fonts-dejavu-core
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
test_packages="gcc g++ libc6-dev cppcheck octave xvfb openbox xdotool"

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"; return
    fi
  done
  echo "HeliID needs Python 3.11 to 3.13, and none was found: install python3.11 and try again." >&2
  exit 2
}

as_root() {  # prints the prefix that gives root rights without asking, or fails
  if [ "$(id -u)" = 0 ]; then echo ""; return; fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then echo "sudo -n"; return; fi
  return 1
}

missing_packages() {  # of the names given, those that dpkg does not have
  local name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

system_packages() {  # install, or print the line to type; never fatal: the app itself explains what it lacks
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || {
    echo "Not a Debian-like system: the Qt libraries for X11 must be there already ($*)."; return 0; }
  local lacking prefix
  lacking=$(missing_packages "$@" | tr '\n' ' ')
  [ -z "${lacking// }" ] && return 0
  if prefix=$(as_root); then
    echo "Installing system packages: $lacking"
    $prefix apt-get update -qq &&
      $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $lacking >/dev/null && return 0
    echo "They could not be installed."
  fi
  echo "To have everything, type:  sudo apt-get install --no-install-recommends $lacking"
}

python=$(find_python)
if [ ! -x .venv/bin/python ]; then
  echo "Making .venv with $($python --version)"
  if ! "$python" -m venv .venv 2>/dev/null; then
    rm -rf .venv
    system_packages python3-venv
    "$python" -m venv .venv || { "$python" -m pip --python "$python" install --user virtualenv && "$python" -m virtualenv .venv; }
  fi
fi

# shellcheck disable=SC2086
if [ "$kind" = dev ]; then system_packages $qt_packages $test_packages; else system_packages $qt_packages; fi

target=.
[ "$kind" = dev ] && target='.[dev]'
echo "Installing HeliID and the libraries it stands on (about a minute the first time)"
.venv/bin/python -m pip install -q --disable-pip-version-check -e "$target" 2> >(grep -v '^WARNING: Location' >&2)
