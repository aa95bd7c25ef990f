"""Make ``.venv-peers``: the packages that HeliID is compared with, and what HeliID itself needs.

``python -m benchmarks.peers_env`` installs the extra ``peers`` of ``pyproject.toml`` package by
package, so that one that cannot be had here costs only itself; what is missing is said at the end
and in the tables. Kept apart from ``.venv`` because these packages hold numpy and scipy back.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-peers"
WINDOW = ("PySide6", "pyqtgraph")  # of HeliID's own needs; no window is opened here
HOLD = "numpy<2.3"  # the newest that all of them accept


def wanted() -> tuple[list[str], list[str]]:
    """What HeliID needs without its window, and the peers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = [need for need in project["dependencies"] if not need.startswith(WINDOW)]
    return own, project["optional-dependencies"]["peers"]


def install(*needs: str) -> str:
    """Install together; empty when it went well, else pip's last words."""
    pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "-q", "--prefer-binary"]
    done = subprocess.run([*pip, *needs], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[-1]


def main() -> None:
    """Make the environment; status 1 only when HeliID itself cannot run in it."""
    if not (FOLDER / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    own, peers = wanted()
    trouble = install(HOLD, *own)
    if trouble:
        raise SystemExit(f"What HeliID needs could not be installed: {trouble}")
    missing = {need: said for need in peers if (said := install(HOLD, need))}
    for need, said in missing.items():
        print(f"not to be had here: {need} ({said})")
    print(f"{FOLDER}: {len(peers) - len(missing)} of {len(peers)} peers installed")


if __name__ == "__main__":
    main()
