"""Where prompts' KV is kept: in a folder, or on a server with a local copy."""

import hashlib
import http.client
import json
import os
import pathlib
import secrets
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import warnings
from dataclasses import dataclass

from . import safetensors
from .errors import CacheError, PromptNotFound, UploadRefused

_PIECE = 1 << 20


@dataclass(frozen=True)
class PromptMetadata:
    """What a kept prompt is called by."""

    prompt_name: str
    model_name: str

    @property
    def stem(self):
        """The same in every process and on every host: no file name, no interpreter seed in it."""
        pair = json.dumps([self.model_name, self.prompt_name], ensure_ascii=False)
        return hashlib.sha256(pair.encode()).hexdigest()

    @property
    def file_name(self):
        return self.stem + ".safetensors"


class PromptCacheClient:
    """client_type: "local" (a folder) or "server" (with a local copy, if local_cache_path is set).

    Every call may come from several processes at once: files appear whole.
    """

    def __init__(
        self,
        client_type="server",
        cache_server_url=None,
        local_cache_path=None,
        api_key=None,
        timeout=600,
    ):
        if client_type not in ("local", "server"):
            raise ValueError(f"client_type is '{client_type}': local or server is wanted")
        if client_type == "local" and not local_cache_path:
            raise ValueError("client_type local needs local_cache_path")
        self.client_type = client_type
        self.url = cache_server_url.rstrip("/") if cache_server_url else None
        self.folder = pathlib.Path(local_cache_path) if local_cache_path else None
        self.api_key = api_key
        self.timeout = timeout
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def upload(self, metadata, tensors, labels):
        """Keeps {name: array} with {str: str} beside it, as the newest of its name."""
        if self.client_type == "local":
            safetensors.save(self.folder / metadata.file_name, tensors, labels)
            return
        with tempfile.TemporaryDirectory(prefix="refrain-") as folder:
            path = pathlib.Path(folder) / metadata.file_name
            safetensors.save(path, tensors, labels)
            self._post(path)

    def load(self, metadata):
        """({name: array}, {str: str}). Raises PromptNotFound, PromptMismatch, CacheError."""
        if self.client_type == "local":
            path = self.folder / metadata.file_name
            if not path.exists():
                raise PromptNotFound(self._nothing(metadata))
            return safetensors.load(path)
        if not self.folder:
            with tempfile.TemporaryDirectory(prefix="refrain-") as folder:
                path = pathlib.Path(folder) / metadata.file_name
                self._fetch(metadata, path)
                return safetensors.load(path)
        return safetensors.load(self._current_copy(metadata))

    # ---- the server

    def _current_copy(self, metadata):
        path = self.folder / metadata.file_name
        try:
            if path.exists() and self._tag_of(path) == self._server_tag(metadata):
                return path
            self._fetch(metadata, path)
        except (urllib.error.URLError, ConnectionError, TimeoutError) as problem:
            if not path.exists():
                raise CacheError(f"{self.url}: {problem}") from problem
            # The copy is whole and says itself what it is of: old, but never wrong.
            warnings.warn(f"{self.url} does not answer ({problem}): the local copy is used")
        return path

    def _server_tag(self, metadata):
        """Asks by HEAD, so that nothing is sent that is here already."""
        with self._request("HEAD", metadata) as reply:
            return reply.headers.get("etag")

    def _fetch(self, metadata, path):
        with self._request("GET", metadata) as reply:
            tag = reply.headers.get("etag")
            partial = f"{path}.{os.getpid()}.{secrets.token_hex(4)}.partial"
            wanted = int(reply.headers.get("content-length", -1))
            with open(partial, "wb") as out:
                while piece := reply.read(_PIECE):
                    out.write(piece)
                written = out.tell()
            if wanted not in (-1, written):
                os.unlink(partial)
                raise CacheError(f"{metadata.file_name}: {written} bytes of {wanted} came")
        # The tag first goes and last comes: a crash between leaves a copy that is fetched again.
        self._tag_path(path).unlink(missing_ok=True)
        os.replace(partial, path)
        if tag:
            self._tag_path(path).write_text(tag, encoding="ascii")

    @staticmethod
    def _tag_path(path):
        return path.with_suffix(".etag")

    def _tag_of(self, path):
        tag = self._tag_path(path)
        return tag.read_text(encoding="ascii") if tag.exists() else None

    def _request(self, method, metadata):
        request = urllib.request.Request(
            f"{self._server()}/prompt_cache/{metadata.file_name}/",
            method=method,
            headers=self._headers(),
        )
        try:
            return urllib.request.urlopen(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    raise PromptNotFound(self._nothing(metadata)) from error
                raise CacheError(f"{request.full_url}: {error.code} {_detail(error)}") from error

    def _post(self, path):
        parts = urllib.parse.urlsplit(self._server())
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=self.timeout)
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="prompt_cache_file"; '
            f'filename="{path.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        tail = f"\r\n--{boundary}--\r\n"
        headers = self._headers() | {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + path.stat().st_size + len(tail)),
        }
        try:
            connection.request("POST", parts.path + "/upload/", _pieces(head, path, tail), headers)
            reply = connection.getresponse()
            if reply.status != 200:
                raise UploadRefused(reply.status, _detail(reply))
            reply.read()
        except OSError as problem:
            raise CacheError(f"{self.url}: {problem}") from problem
        finally:
            connection.close()

    def _headers(self):
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def _server(self):
        if not self.url:
            raise CacheError("client_type server needs cache_server_url")
        return self.url

    @staticmethod
    def _nothing(metadata):
        return f"no prompt '{metadata.prompt_name}' is kept for {metadata.model_name}"


def _pieces(head, path, tail):
    yield head.encode()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece
    yield tail.encode()


def _detail(reply):
    text = reply.read(4096).decode(errors="replace")
    try:
        return json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return text
