"""Pack a built site as a zip that is read without a network and without a server.

Usage: python -m scripts.archive SITE FOLDER

Writes FOLDER/uniroute-book-VERSION.zip and, beside it, its SHA-256. The same site gives the same
file. Fails if a page or a style sheet would load anything from elsewhere.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

from scripts.check_links import problems
from uniroute import __version__

NAME = f"uniroute-book-{__version__}"
# What makes a browser ask the network from within a style sheet.
OUTSIDE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s;]+)""")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
README = "Open index.html in a browser. Nothing is fetched from a network.\n"


def outside(site):
    """Yield (file, address) of what a style sheet of a site would load from elsewhere."""
    for path in sorted(site.rglob("*.css")):
        for address in OUTSIDE.findall(path.read_text(encoding="utf-8")):
            yield path.relative_to(site), address


def check(site):
    """Raise ValueError if a site is not there, has broken links or would load from elsewhere."""
    if not (site / "index.html").is_file():
        raise ValueError(f"site must hold index.html; got {site}")
    found = [f"{name}: {address}: {what}" for name, address, what in problems(site)]
    found += [f"{name}: {address}: loaded from outside" for name, address in outside(site)]
    if found:
        raise ValueError("site must be whole without a network; got\n" + "\n".join(found))


def pack(site, folder):
    """Write the zip of a site and its checksum into a folder; return the zip's path.

    Parameters
    ----------
    site, folder : Path

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the site is not there, has broken links or would load anything from elsewhere.
    """
    check(site)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        write(file, "READ-ME.txt", README.encode())
        for one in sorted(one for one in site.rglob("*") if one.is_file()):
            write(file, one.relative_to(site).as_posix(), one.read_bytes())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    # The form that `sha256sum --check` reads.
    text = f"{digest}  {path.name}\n"
    path.with_suffix(".zip.sha256").write_text(text, encoding="utf-8", newline="\n")
    return path


def write(file, name, data):
    """Add a file to a zip, without the time and rights that differ between machines."""
    entry = zipfile.ZipInfo(f"{NAME}/{name}", EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    file.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def main():
    """Pack the site named on the command line."""
    site, folder = map(Path, sys.argv[1:])
    try:
        path = pack(site, folder)
    except ValueError as error:
        sys.exit(str(error))
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB, to be unpacked and opened at index.html")


if __name__ == "__main__":
    main()
