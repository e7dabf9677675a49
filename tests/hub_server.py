"""A Hub on loopback, as much of one as ``huggingface_hub`` and ``datasets`` speak with when a dataset is pushed, loaded and streamed.

In: nothing. Out: ``Hub``, a context manager with ``.endpoint``, the ``repositories`` it holds and a ``log`` of what was asked. Everything in memory;
``fail`` names requests that answer 403, to see what an interrupted upload leaves.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml


@dataclass
class Repository:
    """One dataset: its files by path at its only branch, and whether it is private."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=lambda: ["0" * 40])

    @property
    def head(self) -> str:
        return self.commits[-1]


class Hub:
    """Runs while the ``with`` block does."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}  # large files by sha256
        self.log: list[str] = []
        self.fail: tuple[str, ...] = ()  # patterns of "METHOD /path" that answer 403
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.hub = self  # type: ignore[attr-defined]
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def asked(self, pattern: str) -> list[str]:
        return [line for line in self.log if fnmatchcase(line, pattern)]


class Handler(BaseHTTPRequestHandler):
    """Routes by regular expression: the first that fits answers."""

    protocol_version = "HTTP/1.1"
    ROUTES = (
        ("GET", r"/api/whoami-v2", "whoami"),
        ("POST", r"/api/repos/create", "create"),
        ("POST", r"/api/validate-yaml", "validate_yaml"),
        ("GET", r"/api/datasets/(?P<id>[^/]+/[^/]+)(?:/revision/(?P<revision>.+))?", "info"),
        ("POST", r"/api/datasets/(?P<id>[^/]+/[^/]+)/preupload/(?P<revision>.+)", "preupload"),
        ("POST", r"/api/datasets/(?P<id>[^/]+/[^/]+)/commit/(?P<revision>.+)", "commit"),
        ("GET", r"/api/datasets/(?P<id>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)(?:/(?P<path>.*))?", "tree"),
        ("POST", r"/api/datasets/(?P<id>[^/]+/[^/]+)/paths-info/(?P<revision>.+)", "paths_info"),
        ("GET", r"/api/datasets/(?P<id>[^/]+/[^/]+)/refs", "refs"),
        ("POST", r"/datasets/(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"),
        ("PUT", r"/objects/(?P<oid>[0-9a-f]{64})", "put"),
        ("GET|HEAD", r"/datasets/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
    )

    def do_GET(self) -> None:
        self.answer("GET")

    def do_HEAD(self) -> None:
        self.answer("HEAD")

    def do_POST(self) -> None:
        self.answer("POST")

    def do_PUT(self) -> None:
        self.answer("PUT")

    def log_message(self, *_: object) -> None:
        pass

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined]

    def answer(self, method: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        self.query, path = parse_qs(url.query), unquote(url.path)
        self.hub.log.append(f"{method} {path}")
        if any(fnmatchcase(f"{method} {path}", pattern) for pattern in self.hub.fail):
            return self.send(403, {"error": "not now"})
        for methods, pattern, name in self.ROUTES:
            match = re.fullmatch(pattern, path)
            if match and re.fullmatch(methods, method):
                return self.routed(name, match.groupdict())
        self.send(404, {"error": f"no route for {method} {path}"})

    def routed(self, name: str, parts: dict[str, str | None]) -> None:
        if "id" in parts:
            self.repository = self.hub.repositories.get(str(parts["id"]))
            if self.repository is None or (self.repository.private and not self.headers.get("Authorization")):
                return self.send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            if parts.get("revision") not in (None, "main", *self.repository.commits, "refs/convert/parquet"):
                return self.send(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
        getattr(self, name)(**{key: value for key, value in parts.items() if value is not None})

    def send(self, status: int, body: object = b"", headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def whoami(self) -> None:
        self.send(200, {"name": "tester", "type": "user", "orgs": [], "auth": {"accessToken": {"role": "write"}}})

    def create(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        url = f"{self.hub.endpoint}/datasets/{name}"
        if name in self.hub.repositories:
            return self.send(409, {"error": "You already created this dataset repo", "url": url})
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self.hub.repositories[name] = Repository(private)
        self.send(200, {"url": url, "name": name, "id": name})

    def validate_yaml(self) -> None:
        """As the Hub does: the front matter must be YAML, with known kinds of values; else 400 with the errors."""
        content = json.loads(self.body)["content"]
        match = re.match(r"---\n(.*?)\n---\n", content, re.DOTALL)
        fields = yaml.safe_load(match[1]) if match else {}
        errors = [] if isinstance(fields.get("configs", []), list) else [{"message": "configs must be a list"}]
        self.send(400 if errors else 200, {"errors": errors, "warnings": []})

    def info(self, id: str, revision: str | None = None) -> None:
        files = [{"rfilename": path} for path in sorted(self.repository.files)]
        facts = {"_id": "1", "id": id, "author": id.split("/")[0], "sha": self.repository.head, "private": self.repository.private}
        dates = dict.fromkeys(("lastModified", "createdAt"), "2024-01-01T00:00:00.000Z")
        self.send(200, facts | dates | {"gated": False, "disabled": False, "downloads": 0, "likes": 0, "tags": [], "siblings": files})

    def preupload(self, id: str, revision: str) -> None:
        files = json.loads(self.body)["files"]
        modes = [
            {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular", "shouldIgnore": False} for f in files
        ]
        self.send(200, {"files": modes})

    def batch(self, id: str) -> None:
        """Where to put the objects that are not here yet; those that are need no action."""
        objects = json.loads(self.body)["objects"]
        answers = []
        for one in objects:
            upload = {"upload": {"href": f"{self.hub.endpoint}/objects/{one['oid']}", "header": {}}}
            answers.append({"oid": one["oid"], "size": one["size"]} | ({} if one["oid"] in self.hub.objects else {"actions": upload}))
        self.send(200, {"transfer": "basic", "objects": answers}, {"Content-Type": "application/vnd.git-lfs+json"})

    def put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self.send(400, {"error": "the object is another one"})
        self.hub.objects[oid] = self.body
        self.send(200)

    def commit(self, id: str, revision: str) -> None:
        """One commit: all of it or, when a large file never arrived, nothing."""
        steps = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        files = dict(self.repository.files)
        for step in steps:
            value = step["value"]
            if step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    return self.send(400, {"error": f"LFS object {value['oid']} is missing"})
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif step["key"] == "deletedFile":
                del files[value["path"]]
        self.repository.files = files
        self.repository.commits.append(hashlib.sha1(self.body + self.repository.head.encode()).hexdigest())
        pull = {"pullRequestUrl": f"{self.hub.endpoint}/datasets/{id}/discussions/1"} if self.query.get("create_pr") == ["1"] else {}
        self.send(
            200,
            {
                "commitUrl": f"{self.hub.endpoint}/datasets/{id}/commit/{self.repository.head}",
                "commitOid": self.repository.head,
                "success": True,
            }
            | pull,
        )

    def entry(self, path: str) -> dict:
        data = self.repository.files[path]
        sha256 = hashlib.sha256(data).hexdigest()
        large = {"lfs": {"oid": sha256, "size": len(data), "pointerSize": 130}} if path.endswith(".parquet") else {}
        return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()} | large

    def tree(self, id: str, revision: str, path: str = "") -> None:
        prefix = path.rstrip("/") + "/" if path else ""
        inside = [name for name in sorted(self.repository.files) if name.startswith(prefix)]
        if path and not inside:
            return self.send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        if self.query.get("recursive", ["False"])[0].lower() in ("true", "1"):
            folders = sorted({name.rsplit("/", 1)[0] for name in inside if "/" in name})
            return self.send(200, [self.folder(one) for one in folders] + [self.entry(name) for name in inside])
        heads = dict.fromkeys(name[len(prefix) :].split("/")[0] for name in inside)
        self.send(200, [self.entry(prefix + one) if prefix + one in self.repository.files else self.folder(prefix + one) for one in heads])

    def folder(self, path: str) -> dict:
        return {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}

    def paths_info(self, id: str, revision: str) -> None:
        form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        asked = parse_qs(self.body.decode())["paths"] if form else json.loads(self.body)["paths"]
        files = self.repository.files
        found = [self.entry(path) for path in asked if path in files]
        self.send(200, found + [self.folder(path) for path in asked if any(name.startswith(path + "/") for name in files)])

    def refs(self, id: str) -> None:
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": self.repository.head}
        self.send(200, {"branches": [main], "tags": [], "converts": [], "pullRequests": []})

    def resolve(self, id: str, revision: str, path: str) -> None:
        if path not in self.repository.files:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.repository.head})
        data = self.repository.files[path]
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        headers = {
            "ETag": etag,
            "X-Repo-Commit": self.repository.head,
            "X-Linked-Etag": etag,
            "X-Linked-Size": str(len(data)),
            "Accept-Ranges": "bytes",
        }
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not span:
            return self.send(200, data, headers)
        first, last = int(span[1]), min(int(span[2] or len(data) - 1), len(data) - 1)
        self.send(206, data[first : last + 1], headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"})
