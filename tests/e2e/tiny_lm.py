"""A small causal LM in numpy, made from a seed: grouped heads, RoPE, and a tokenizer whose tokens
may straddle any text boundary. It implements refrain.models.CausalModel."""

import numpy
from refrain.models import Fingerprint

LAYERS, HEADS, KV_HEADS, DIM, BASE = 4, 4, 2, 8, 10000.0
PAIRS = ("th", "he", "in", "er", "an", " a", "re", "ca", "at", "s.", "wo", "rd")


class TinyLm:
    """Bytes are the first 256 tokens, the pairs follow; the longest match wins, left to right."""

    def __init__(self, name="tests/tiny", seed=3, layers=LAYERS):
        rng = numpy.random.default_rng(seed)
        self.vocabulary = 256 + len(PAIRS)
        width = HEADS * DIM

        def weight(*shape):
            return (rng.standard_normal(shape) / numpy.sqrt(shape[0])).astype(numpy.float32)

        self.embedding = weight(self.vocabulary, width) * 4
        self.layers = [
            {
                "q": weight(width, HEADS * DIM),
                "k": weight(width, KV_HEADS * DIM),
                "v": weight(width, KV_HEADS * DIM),
                "o": weight(HEADS * DIM, width),
                "up": weight(width, 2 * width),
                "down": weight(2 * width, width),
            }
            for _ in range(layers)
        ]
        self.fingerprint = Fingerprint(
            model=name,
            weights=f"seed {seed}",
            weights_type="F32",
            architecture="tiny",
            tokenizer="pairs",
            rope="neox",
            rope_base=str(int(BASE)),
            layers=layers,
            kv_heads=KV_HEADS,
            key_dim=DIM,
            value_dim=DIM,
            layout="numpy",
            engine="tests",
        )

    def encode(self, text):
        ids, at = [], 0
        while at < len(text):
            if text[at : at + 2] in PAIRS:
                ids.append(256 + PAIRS.index(text[at : at + 2]))
                at += 2
            else:
                ids += text[at].encode()
                at += 1
        return ids

    def decode(self, ids):
        parts = [PAIRS[i - 256].encode() if i >= 256 else bytes([i]) for i in ids]
        return b"".join(parts).decode("latin-1")

    def forward(self, ids, past):
        start = past[0][0].shape[2] if past else 0
        positions = numpy.arange(start, start + len(ids))
        x, kv = self.embedding[list(ids)], []
        for layer, weights in enumerate(self.layers):
            h = _normal(x)
            q = _rotated(_heads(h @ weights["q"], HEADS), positions)
            k = _rotated(_heads(h @ weights["k"], KV_HEADS), positions)
            v = _heads(h @ weights["v"], KV_HEADS)
            if past:
                k = numpy.concatenate([past[layer][0][0], k], axis=1)
                v = numpy.concatenate([past[layer][1][0], v], axis=1)
            kv.append((k[None], v[None]))
            x = x + _attention(q, k, v, positions) @ weights["o"]
            x = x + numpy.maximum(_normal(x) @ weights["up"], 0) @ weights["down"]
        return _normal(x[-1]) @ self.embedding.T, kv


def _normal(x):
    return x / numpy.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6)


def _heads(x, count):
    return x.reshape(len(x), count, DIM).transpose(1, 0, 2)


def _rotated(x, positions):
    half = DIM // 2
    angle = positions[:, None] * BASE ** (-numpy.arange(half) / half)
    cos, sin = numpy.cos(angle).astype(numpy.float32), numpy.sin(angle).astype(numpy.float32)
    a, b = x[..., :half], x[..., half:]
    return numpy.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def _attention(q, k, v, positions):
    k, v = (numpy.repeat(part, HEADS // KV_HEADS, axis=0) for part in (k, v))
    scores = q @ k.transpose(0, 2, 1) / numpy.sqrt(DIM)
    hidden = numpy.arange(k.shape[1])[None, :] > positions[:, None]
    scores = numpy.where(hidden, -1e30, scores)
    weights = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return (weights @ v).transpose(1, 0, 2).reshape(len(positions), -1).astype(numpy.float32)
