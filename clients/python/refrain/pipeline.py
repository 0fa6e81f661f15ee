"""Generation behind prompts whose KV is kept."""

import hashlib
import json

import numpy

from . import safetensors
from .client import PromptMetadata
from .errors import PromptMismatch
from .models import RefrainEngine, TransformersModel


def pipeline(model, device="cpu", client=None):
    """model: the name of a Hugging Face model, an object with the methods of CausalModel, or a
    RefrainEngine. client: a PromptCacheClient; a RefrainEngine needs none."""
    if isinstance(model, RefrainEngine):
        return EnginePipeline(model)
    if isinstance(model, str):
        model = TransformersModel(model, device)
    if client is None:
        raise ValueError("a PromptCacheClient is wanted")
    return Pipeline(model, client)


class Pipeline:
    """Caches prompts and generates behind them, greedily."""

    def __init__(self, model, client):
        self.model, self.client = model, client
        self.stats = {"reused_tokens": 0, "prefilled_tokens": 0}

    def cache_and_upload_prompt(self, prompt, prompt_name):
        """One forward pass; KV, text and token ids are kept under the name."""
        ids = self.model.encode(prompt)
        if not ids:
            raise ValueError("a prompt without tokens has no KV")
        _, kv = self.model.forward(ids, None)
        self.stats = {"reused_tokens": 0, "prefilled_tokens": len(ids)}
        tensors = {}
        for layer, (keys, values) in enumerate(kv):
            tensors[f"k_{layer}"], tensors[f"v_{layer}"] = keys, values
        self.client.upload(self._metadata(prompt_name), tensors, self._labels(prompt, ids, kv))

    def generate_with_cache(self, cached_prompt_name, prompt, max_new_tokens):
        """The whole text: cached prompt, `prompt` and what the model adds."""
        tensors, labels = self.client.load(self._metadata(cached_prompt_name))
        kept_ids, kv = self._checked(tensors, labels)
        ids = self.model.encode(labels["text"] + prompt)
        # At least one token is computed: the next one is predicted from it.
        reuse = min(common_length(kept_ids, ids), len(ids) - 1)
        past = (
            [(keys[:, :, :reuse], values[:, :, :reuse]) for keys, values in kv] if reuse else None
        )
        self.stats = {"reused_tokens": reuse, "prefilled_tokens": len(ids) - reuse}
        return self.model.decode(self._generate(ids, past, reuse, max_new_tokens))

    def generate(self, prompt, max_new_tokens):
        """The same without any cache."""
        ids = self.model.encode(prompt)
        self.stats = {"reused_tokens": 0, "prefilled_tokens": len(ids)}
        return self.model.decode(self._generate(ids, None, 0, max_new_tokens))

    def _generate(self, ids, past, reuse, max_new_tokens):
        ids, todo = list(ids), ids[reuse:]
        stop = getattr(self.model, "stop_ids", ())
        for _ in range(max_new_tokens):
            logits, past = self.model.forward(todo, past)
            todo = [int(numpy.argmax(logits))]
            ids += todo
            if todo[0] in stop:
                break
        return ids

    def _metadata(self, prompt_name):
        return PromptMetadata(prompt_name, self.model.fingerprint.model)

    def _labels(self, prompt, ids, kv):
        print_ = self.model.fingerprint
        return {
            "format": "refrain-kv-1",
            "model": print_.model,
            "fingerprint": print_.text(),
            "text": prompt,
            "token_ids": json.dumps(ids, separators=(",", ":")),
            "token_ids_sha256": hash_of(ids),
            "dtype": safetensors.name_of(kv[0][0].dtype),
            "rope_base": print_.rope_base,
            "provenance": "exact",
        }

    def _checked(self, tensors, labels):
        """The token ids and the KV, if they are of this model; raises PromptMismatch."""
        for key in ("fingerprint", "text", "token_ids"):
            if key not in labels:
                raise PromptMismatch(f"the KV does not say its {key}: it may be of any model")
        wanted = self.model.fingerprint
        if labels["fingerprint"] != wanted.text():
            raise PromptMismatch(f"the KV is of another model: {difference(labels, wanted)}")
        if labels.get("provenance", "exact") != "exact":
            raise PromptMismatch(f"the KV is {labels['provenance']}, not exact")
        ids = json.loads(labels["token_ids"])
        kv = [
            (tensors.get(f"k_{layer}"), tensors.get(f"v_{layer}")) for layer in range(wanted.layers)
        ]
        shapes = (
            (1, wanted.kv_heads, len(ids), wanted.key_dim),
            (1, wanted.kv_heads, len(ids), wanted.value_dim),
        )
        for layer, pair in enumerate(kv):
            for array, shape in zip(pair, shapes):
                if array is None or array.shape != shape:
                    raise PromptMismatch(f"layer {layer} is missing, or not of shape {shape}")
        return ids, kv


class EnginePipeline:
    """The same calls on Refrain's own engine, which keeps and finds KV by itself."""

    def __init__(self, engine):
        self.engine = engine
        self.stats = {"reused_tokens": 0, "prefilled_tokens": 0}

    def cache_and_upload_prompt(self, prompt, prompt_name):
        """One prefill in the server; its KV and text are kept under the name."""
        name = PromptMetadata(prompt_name, self.engine.model).file_name
        reused, prefilled = self.engine.keep(prompt, name)
        self.stats = {"reused_tokens": reused, "prefilled_tokens": prefilled}

    def generate_with_cache(self, cached_prompt_name, prompt, max_new_tokens):
        """The whole text: cached prompt, `prompt` and what the model adds."""
        name = PromptMetadata(cached_prompt_name, self.engine.model).file_name
        return self.generate(self.engine.text_of(name) + prompt, max_new_tokens)

    def generate(self, prompt, max_new_tokens):
        text, reused, prefilled = self.engine.complete(prompt, max_new_tokens)
        self.stats = {"reused_tokens": reused, "prefilled_tokens": prefilled}
        return prompt + text


def common_length(left, right):
    """How many first items are equal."""
    count = 0
    for a, b in zip(left, right):
        if a != b:
            break
        count += 1
    return count


def hash_of(ids):
    """SHA-256 over the ids as little-endian 32-bit numbers."""
    return hashlib.sha256(numpy.asarray(ids, "<u4").tobytes()).hexdigest()


def difference(labels, wanted):
    """The first line in which two fingerprints differ."""
    for found, line in zip(labels["fingerprint"].split("\n"), wanted.text().split("\n")):
        if found != line:
            return f"{found}, this one has {line}"
    return "its fingerprint is longer"
