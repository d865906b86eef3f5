"""Any Hugging Face sequence classifier: `GEONEWS_CLASSIFIER=hf:PATH`, a folder or, with PyTorch, a name on the hub.

A folder that has `model.onnx` (or `onnx/model.onnx`) runs in ONNX Runtime; any other model needs PyTorch.
A model whose labels are our topics classifies; one whose labels are those of natural language inference is asked
whether the article entails each topic's description.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.classification.base import Document, ModelInfo, TopicScore, Verdict
from app.classification.encoder import open_session
from app.classification.lexicon import LexiconClassifier
from app.classification.taxonomy import Taxonomy, TaxonomyError

STAGE: Final = "hf"
BATCH: Final = 16
LENGTH: Final = 256  # tokens of an article that a model reads
HYPOTHESIS: Final = "This article is about {}."
_CHARS: Final = 4_000
_POSITIONS_LEFT: Final = 2  # some models count the positions of padding too
_ONNX: Final = ("model.onnx", "onnx/model.onnx")

Floats = npt.NDArray[np.float64]
Forward = Callable[[dict[str, Any]], Floats]  # the tokenizer's arrays → logits [texts, labels]


@dataclass(frozen=True, slots=True)
class _Labels:
    """What the model's labels mean: the place of each topic's, or of entailment and contradiction."""

    topics: dict[str, int]
    entailment: int = -1
    contradiction: int = -1
    independent: bool = False  # several may hold at once: logistic instead of softmax


class HuggingFaceClassifier:
    """Scores by the model; evidence by the lexicon's terms. Safe to share by threads."""

    def __init__(self, name: str, taxonomy: Taxonomy, lexicon: LexiconClassifier, threads: int = 1) -> None:
        """Raises TaxonomyError when the model cannot be loaded, or its labels are neither topics nor inference."""
        self._taxonomy, self._lexicon = taxonomy, lexicon
        try:
            self._tokenizer, config, self._forward, weights = _load(name, threads)
        except (OSError, ValueError) as error:
            raise TaxonomyError(f"hf:{name}: {' '.join(str(error).split())[:300]}") from error
        self._labels = _labels(name, config, taxonomy)
        # A tokenizer that knows no limit says a very large number; a model with less room than ours reads less.
        room = getattr(config, "max_position_embeddings", LENGTH) - _POSITIONS_LEFT
        self._length = min(LENGTH, self._tokenizer.model_max_length, max(room, _POSITIONS_LEFT))
        parts = f"{name} {config.to_json_string()} {weights} {taxonomy.fingerprint}"
        version = hashlib.sha256(parts.encode()).hexdigest()[:12]
        self._info = ModelInfo(f"hf:{Path(name).name}", version, taxonomy.version)

    @property
    def info(self) -> ModelInfo:
        """Model `hf:NAME`; the version changes with its configuration, its graph and the taxonomy."""
        return self._info

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict for each document, in order."""
        scores = self._inferred(documents) if self._labels.entailment >= 0 else self._classified(documents)
        return [self._verdict(*pair) for pair in zip(documents, scores, strict=True)]

    def _classified(self, documents: Sequence[Document]) -> list[dict[str, float]]:
        logits = self._logits([_text(document) for document in documents], None)
        chances = 1 / (1 + np.exp(-logits)) if self._labels.independent else _softmax(logits)
        return [{topic: float(row[at]) for topic, at in self._labels.topics.items()} for row in chances]

    def _inferred(self, documents: Sequence[Document]) -> list[dict[str, float]]:
        topics = self._taxonomy.topics
        texts = [_text(document) for document in documents for _ in topics]
        claims = [HYPOTHESIS.format(topic.description.rstrip(".")) for _ in documents for topic in topics]
        logits = self._logits(texts, claims)[:, [self._labels.contradiction, self._labels.entailment]]
        chances = iter(_softmax(logits)[:, 1])
        return [{topic.id: float(next(chances)) for topic in topics} for _ in documents]

    def _logits(self, texts: list[str], claims: list[str] | None) -> Floats:
        found = []
        for start in range(0, len(texts), BATCH):
            pair = claims[start : start + BATCH] if claims else None
            # What is cut is the longer one: the article, not what is asked about it.
            arrays = self._tokenizer(
                texts[start : start + BATCH],
                pair,
                padding=True,
                truncation="longest_first",
                max_length=self._length,
                return_tensors="np",
            )
            found.append(self._forward(dict(arrays)))
        return np.concatenate(found) if found else np.zeros((0, 1))

    def _verdict(self, document: Document, scores: dict[str, float]) -> Verdict:
        thresholds = {topic.id: topic.threshold for topic in self._taxonomy.topics}
        reading = None
        if scores.keys() < thresholds.keys():  # topics that the model has no label for are the lexicon's
            reading = self._lexicon.read(document)
            scores = reading.scores | scores
        given = {topic: score for topic, score in scores.items() if score >= thresholds[topic]}
        reading = reading or (self._lexicon.read(document) if given else None)
        return Verdict(
            tuple(
                TopicScore(topic, score, thresholds[topic], self._lexicon.evidence(reading, topic) if reading else ())
                for topic, score in given.items()
            ),
            STAGE,
        )


def _load(name: str, threads: int) -> tuple[Any, Any, Forward, str]:
    """Tokenizer, configuration, what computes, and a digest of a graph's weights ("" with PyTorch)."""
    from app.classification.tokens import quiet

    quiet()
    from transformers import AutoConfig, AutoTokenizer

    make_config: Any = AutoConfig
    make_tokenizer: Any = AutoTokenizer
    config, tokenizer = make_config.from_pretrained(name), make_tokenizer.from_pretrained(name)
    if tokenizer.pad_token is None:  # texts of a batch are padded, and the mask hides with what
        tokenizer.pad_token = tokenizer.eos_token
    graphs = [path for part in _ONNX if (path := Path(name) / part).is_file()]
    if not graphs:
        return tokenizer, config, _in_torch(name, threads), ""
    with graphs[0].open("rb") as graph:
        digest = hashlib.file_digest(graph, "blake2b").hexdigest()
    return tokenizer, config, _in_onnx_runtime(graphs[0], threads), digest


def _in_onnx_runtime(path: Path, threads: int) -> Forward:
    session: Any = open_session(path, threads)
    wanted = {each.name: np.int32 if each.type == "tensor(int32)" else np.int64 for each in session.get_inputs()}
    outputs = [each.name for each in session.get_outputs()]
    output = "logits" if "logits" in outputs else outputs[0]

    def forward(arrays: dict[str, Any]) -> Floats:
        # A graph may want to know which of two texts a token is of, and its tokenizer not say it.
        ids = arrays["input_ids"]
        given = {name: arrays.get(name, np.zeros_like(ids)).astype(kind) for name, kind in wanted.items()}
        return np.asarray(session.run([output], given)[0], np.float64)

    return forward


def _in_torch(name: str, threads: int) -> Forward:
    try:
        import torch
    except ImportError:
        raise ValueError("it has no model.onnx, so it needs PyTorch: pip install torch, or export it to ONNX") from None
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(threads)
    make_model: Any = AutoModelForSequenceClassification
    model = make_model.from_pretrained(name).eval()

    def forward(arrays: dict[str, Any]) -> Floats:
        with torch.inference_mode():
            found: Floats = model(**{key: torch.from_numpy(value) for key, value in arrays.items()}).logits.numpy()
        return found.astype(np.float64)

    return forward


def _labels(name: str, config: Any, taxonomy: Taxonomy) -> _Labels:
    places = {_plain(label): int(at) for at, label in config.id2label.items()}
    if {"entailment", "contradiction"} <= places.keys():
        return _Labels({}, places["entailment"], places["contradiction"])
    if {"entailment", "notentailment"} <= places.keys():
        return _Labels({}, places["entailment"], places["notentailment"])
    found = {
        topic.id: places[known]
        for topic in taxonomy.topics
        if (known := next((each for each in (_plain(topic.id), _plain(topic.name)) if each in places), None))
    }
    if not found:
        labels, topics = ", ".join(map(str, config.id2label.values())), ", ".join(taxonomy.topic_ids)
        raise TaxonomyError(
            f"hf:{name}: its labels ({labels}) are neither topics of the taxonomy ({topics}) "
            "nor entailment and contradiction"
        )
    return _Labels(found, independent=config.problem_type == "multi_label_classification")


def _plain(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label.lower())


def _text(document: Document) -> str:
    parts = [document.title, document.summary or "", document.text]
    return "\n".join(part for part in parts if part)[:_CHARS]


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    result: Floats = powers / powers.sum(1, keepdims=True)
    return result
