"""Models that KV can be taken from and given to."""

import importlib
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, fields
from typing import Protocol

import numpy

from .errors import CacheError, PromptNotFound


@dataclass(frozen=True)
class Fingerprint:
    """All that must be equal for KV to be usable; docs/formats/kv_object.md. "" is not known."""

    model: str
    weights: str = ""
    weights_type: str = ""
    architecture: str = ""
    tokenizer: str = ""
    adapters: str = ""
    attention: str = "full"
    rope: str = ""
    rope_base: str = ""
    rope_scaling: str = ""
    rope_dim: int = 0
    layers: int = 0
    kv_heads: int = 0
    key_dim: int = 0
    value_dim: int = 0
    key_type: str = "F32"
    value_type: str = "F32"
    keys_rotated: bool = True
    layout: str = ""
    engine: str = ""

    def text(self):
        """One line per field, in this order: what the server takes the digest of."""
        lines = []
        for field in fields(self):
            value = getattr(self, field.name)
            value = int(value) if isinstance(value, bool) else value
            shown = "".join(c if ord(c) >= 32 else " " for c in str(value))
            lines.append(f"{field.name}={shown}\n")
        return "".join(lines)


class CausalModel(Protocol):
    """What the pipeline needs of a model. KV is a list of (keys, values), one pair per layer, each
    an array [1, kv_heads, tokens, head_dim] of one numpy type."""

    fingerprint: Fingerprint

    def encode(self, text):
        """Text to a list of token ids."""

    def decode(self, ids):
        """Token ids to text."""

    def forward(self, ids, past):
        """Runs `ids` (not empty) behind `past` (KV or None): (logits [vocabulary] behind the last
        of them, KV of everything)."""


class TransformersModel:
    """A Hugging Face causal LM. Not tested in this repository: torch cannot be installed there."""

    def __init__(self, name, device="cpu"):
        self._torch = importlib.import_module("torch")
        transformers = importlib.import_module("transformers")
        self._cache = transformers.DynamicCache
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        self._model = transformers.AutoModelForCausalLM.from_pretrained(name).to(device).eval()
        self._device = device
        self.fingerprint = self._fingerprint(name, self._model.config, transformers.__version__)

    def _fingerprint(self, name, config, version):
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return Fingerprint(
            model=name,
            weights=str(getattr(config, "_commit_hash", "") or ""),
            weights_type=str(self._model.dtype).replace("torch.", ""),
            architecture=config.model_type,
            tokenizer=type(self._tokenizer).__name__ + f"/{len(self._tokenizer)}",
            rope_base=str(getattr(config, "rope_theta", "")),
            rope_scaling=json.dumps(getattr(config, "rope_scaling", None) or "", sort_keys=True),
            layers=config.num_hidden_layers,
            kv_heads=heads,
            key_dim=dim,
            value_dim=dim,
            layout="transformers",
            engine=f"transformers {version}",
        )

    def encode(self, text):
        return self._tokenizer(text)["input_ids"]

    def decode(self, ids):
        return self._tokenizer.decode(ids)

    def forward(self, ids, past):
        torch = self._torch
        cache = self._cache()
        for layer, (keys, values) in enumerate(past or []):
            cache.update(
                torch.from_numpy(keys.copy()).to(self._device, self._model.dtype),
                torch.from_numpy(values.copy()).to(self._device, self._model.dtype),
                layer,
            )
        with torch.no_grad():
            out = self._model(
                torch.tensor([list(ids)], device=self._device),
                past_key_values=cache,
                use_cache=True,
            )
        kv = []
        for layer in range(self.fingerprint.layers):
            keys, values = out.past_key_values[layer][:2]
            kv.append((keys.float().cpu().numpy(), values.float().cpu().numpy()))
        return out.logits[0, -1].float().cpu().numpy().astype(numpy.float32), kv


class RefrainEngine:
    """The model that `refrain serve --model` runs. It finds what is kept by itself: the pipeline
    only names prompts and asks, by POST /v1/completions and GET /refrain/v1/kv/NAME. Names are the
    tenant's own; without an API key the server must run on this machine."""

    def __init__(self, url, model, api_key=None, timeout=600):
        self.url, self.model, self.timeout = url.rstrip("/"), model, timeout
        # Not answered from the answer cache, but not "off" either: that would keep no KV.
        self._headers = {"Content-Type": "application/json", "x-refrain-cache": "refresh"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"

    def keep(self, text, name):
        """One prefill; the KV of `text` is kept as the object of that name when this returns.
        Returns (reused tokens, prefilled tokens)."""
        body = {"model": self.model, "prompt": text, "max_tokens": 1, "temperature": 0}
        reply = self._call("/v1/completions", body, {"x-refrain-kv-name": name})
        return self._counts(reply)

    def text_of(self, name):
        """The text that was kept. Raises PromptNotFound."""
        return self._call(f"/refrain/v1/kv/{urllib.parse.quote(name, safe='')}")["text"]

    def complete(self, text, max_new_tokens):
        """(completion, reused tokens, prefilled tokens)."""
        body = {"model": self.model, "prompt": text, "max_tokens": max_new_tokens, "temperature": 0}
        reply = self._call("/v1/completions", body)
        return reply["choices"][0]["text"], *self._counts(reply)

    @staticmethod
    def _counts(reply):
        usage = reply.get("usage", {})
        reused = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return reused, usage.get("prompt_tokens", 0) - reused

    def _call(self, path, body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, self._headers | (headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                reason = f"{request.full_url}: {error.code} {_reason(error)}"
            if error.code == 404 and body is None:
                raise PromptNotFound(reason) from error
            raise CacheError(reason) from error
        except OSError as problem:
            raise CacheError(f"{self.url}: {problem}") from problem


def _reason(reply):
    text = reply.read(4096).decode(errors="replace")
    try:
        return json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return text
