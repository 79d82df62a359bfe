#!/usr/bin/env python3
"""Makes the reference: `make.py SOURCE FOLDER` writes HTML into FOLDER/html. Status 1 where Doxygen warns."""
import shutil
import subprocess
import sys
from pathlib import Path


def main(source, folder):
    doxygen = shutil.which("doxygen")
    if doxygen is None:
        sys.exit("doxygen is missing: apt-get install doxygen")
    Path(folder).mkdir(parents=True, exist_ok=True)
    settings = Path(source, "docs/doxygen/Doxyfile").read_text(encoding="utf-8")
    settings += f'OUTPUT_DIRECTORY = "{Path(folder).resolve()}"\n'
    result = subprocess.run([doxygen, "-"], input=settings, text=True, cwd=source, check=False)
    if result.returncode != 0:
        sys.exit(1)
    print(f"{folder}/html/index.html")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
