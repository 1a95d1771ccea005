"""Put the pages that the engine wrote among MkDocs' files.

The only file that imports mkdocs_gen_files.
"""

import shutil
from pathlib import Path

import mkdocs_gen_files

root = Path(mkdocs_gen_files.config["config_file_path"]).parent
written = root / ".asrun" / "pages" / "docs"

for source in sorted(written.rglob("*")):
    if source.is_file():
        name = source.relative_to(written).as_posix()
        with source.open("rb") as page, mkdocs_gen_files.open(name, "wb") as copy:
            shutil.copyfileobj(page, copy)
