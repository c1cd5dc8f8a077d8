"""A server on this machine, and small files that the package knows instead of the real ones."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.uniroute_lab.data import small
from uniroute_lab.data import fetch, livecodebench, mmlu_pro

NOWHERE = "http://127.0.0.1:1/{path}"  # nothing listens on that port


class Handler(BaseHTTPRequestHandler):
    """Answer with what `server.content(path)` returns; None is not found."""

    def do_GET(self, send_body=True):
        name, content = Path(self.path).name, self.server.content(self.path)
        if send_body and content is not None:
            self.server.asked.append(name)
        if content is None or (name in self.server.broken and "Range" in self.headers):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        for header, value in self.server.headers(self.path, content).items():
            self.send_header(header, value)
        self.end_headers()
        if send_body:
            half = len(content) // 2 if name in self.server.broken else len(content)
            self.wfile.write(content[:half])

    def do_HEAD(self):
        self.do_GET(send_body=False)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """Serve files; `broken` names those that break off halfway, `asked` those asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.broken = [], set()
    server.content, server.headers = lambda path: None, lambda path, content: {}
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep what is derived in a folder of the test; return it."""
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNIROUTE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def published(tmp_path, cache, monkeypatch):
    """Make the package know small files only, which the network does not have; return their folder.

    Set UNIROUTE_DATA to it, or use `offered`.
    """
    folder = tmp_path / "published"
    files = small.mmlu_pro() | small.routerbench() | small.llmrouter()
    files |= small.as_files(small.openhands_content() | small.livecodebench_content())
    small.publish(folder, files)
    monkeypatch.setattr(fetch, "REGISTRY", folder / "registry.csv")
    monkeypatch.setattr(fetch, "RAW_FILE", NOWHERE)
    small.write_table(folder / "models.csv", small.MMLU_PRO_MODELS)
    monkeypatch.setattr(mmlu_pro, "MODELS", folder / "models.csv")
    small.write_table(folder / "coders.csv", small.LIVECODEBENCH_MODELS)
    monkeypatch.setattr(livecodebench, "MODELS", folder / "coders.csv")
    monkeypatch.setattr(mmlu_pro, "REFERENCE", "mmlu_pro/one.zip")
    return folder


@pytest.fixture
def own_folder(published, monkeypatch):
    """The small files are in the folder that UNIROUTE_DATA names."""
    monkeypatch.setenv("UNIROUTE_DATA", str(published))
    return published


@pytest.fixture
def offered(published, server, monkeypatch):
    """Serve the small files; `offered.wrong` holds other contents of some."""

    def content(path):
        path = published / path.lstrip("/")
        return server.wrong.get(path.name) or (path.read_bytes() if path.is_file() else None)

    server.wrong, server.content = {}, content
    monkeypatch.setattr(fetch, "RAW_FILE", f"{server.address}/{{path}}")
    return server


class Hub:
    """The Hugging Face hub: data sets with a commit and files; `listed` overrides what it says."""

    def __init__(self):
        self.sets, self.main, self.listed, self.in_lfs = {}, {}, {}, True

    def put(self, repository, files):
        commit = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.sets.setdefault(repository, {})[commit] = dict(files)
        self.main[repository] = commit
        return commit

    def content(self, path):
        """Answer as the hub does; None is not found."""
        parts = path.split("?")[0].split("/")[1:]
        if parts[:2] == ["api", "datasets"]:
            return self.listing("/".join(parts[2:4]), parts[5])
        if parts[0] != "datasets":
            return None
        repository, commit, name = "/".join(parts[1:3]), parts[4], "/".join(parts[5:])
        return self.sets.get(repository, {}).get(commit, {}).get(name)

    def headers(self, path, content):
        """Beside a file: its commit and what tells its content from others."""
        if path.startswith("/api"):
            return {}
        etag = small.sha256(content) if self.in_lfs else hashlib.sha1(content).hexdigest()
        return {"X-Repo-Commit": path.split("/")[5], "ETag": f'"{etag}"'}

    def listing(self, repository, revision):
        if repository in self.listed:
            return self.listed[repository]
        commit = self.main.get(repository) if revision == "main" else revision
        if commit not in self.sets.get(repository, {}):
            return None
        siblings = []
        for name, content in self.sets[repository][commit].items():
            size = len(content)
            lfs = {"sha256": small.sha256(content), "size": size, "pointerSize": 130}
            sibling = {"rfilename": name, "size": size, "blobId": hashlib.sha1(content).hexdigest()}
            siblings.append(sibling | ({"lfs": lfs} if self.in_lfs else {}))
        return json.dumps({"id": repository, "sha": commit, "siblings": siblings}).encode()


@pytest.fixture
def hub(server, cache, tmp_path, monkeypatch):
    """Let the server of this machine play the hub, although the tests are offline."""
    hub = Hub()
    server.content, server.headers = hub.content, hub.headers
    url = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache of the hub's library"))
    return hub


@pytest.fixture
def small_hub(hub):
    """The hub has the small EmbedLLM."""
    hub.put(small.EMBEDLLM, small.embedllm())
    return hub
