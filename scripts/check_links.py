"""Check a built site without a network: links inside it lead somewhere, nothing loads from outside.

Usage: python -m scripts.check_links FOLDER
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself when it opens a page, as against links that a reader follows.
LOADED = {"audio", "embed", "iframe", "img", "script", "source", "video"}
LOADED_LINKS = {"icon", "modulepreload", "preload", "stylesheet"}


class Page(HTMLParser):
    """The anchors of a page, and the addresses that it links to or loads."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.anchors = {"", "top"}
        self.links = []
        self.loads = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note an element's id and address."""
        attrs = dict(attrs)
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        address = attrs.get("href") or attrs.get("src")
        if address:
            loaded = tag in LOADED or (tag == "link" and attrs.get("rel", "") in LOADED_LINKS)
            (self.loads if loaded else self.links).append(address)


def read_pages(root):
    """Return {path: page} of every page of a site, the theme's own parts left out."""
    paths = (path.resolve() for path in Path(root).rglob("*.html"))
    return {path: Page(path) for path in paths if "_static" not in path.parts}


def is_local(address):
    """Tell whether an address is a path in the same site."""
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


def problem(page, address, pages):
    """Return what is wrong with a local address on a page, or None."""
    parts = urlsplit(address)
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return "no such file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "no such anchor"
    return None


def problems(root):
    """Yield (page, address, what is wrong) for a whole site."""
    root = Path(root).resolve()
    pages = read_pages(root)
    for path, page in pages.items():
        name = path.relative_to(root)
        for address in filter(is_local, page.links + page.loads):
            found = problem(page, address, pages)
            if found:
                yield name, address, found
        for address in page.loads:
            if not is_local(address) and not address.startswith("data:"):
                yield name, address, "loaded from outside"


def main():
    """Print the problems of the site named on the command line."""
    if not read_pages(sys.argv[1]):
        sys.exit(f"no page in {sys.argv[1]}")
    found = list(problems(sys.argv[1]))
    for name, address, what in found:
        print(f"{name}: {address}: {what}")
    if found:
        sys.exit(f"{len(found)} broken link(s)")


if __name__ == "__main__":
    main()
