"""The transformer: an ONNX Runtime session, and windows of tokens in batches of like length."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.classification.base import Document
from app.classification.taxonomy import PACKAGE, TaxonomyError
from app.classification.tokens import Tokens, Window

if TYPE_CHECKING:
    import onnxruntime

MODEL_FILE: Final = "model.onnx"
CARD_FILE: Final = "model.json"
BATCH_TOKENS: Final = 2_048  # padding included; more is not faster, and takes more memory
LONGER: Final = 1.1  # than the shortest of its batch a text may be: padding costs more than a batch saves
# A topic that only the body speaks of needs this much more log-odds than one in the lead.
BODY_MARGIN: Final = 1.0

Logits = npt.NDArray[np.float32]
Embeddings = npt.NDArray[np.float32]


class ModelCard(BaseModel):
    """What a model directory says of itself, in `model.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    topics: list[str] = Field(min_length=1, description="ids, in the order of the model's logits")
    version: str = Field(min_length=1, description="changes whenever the weights do")


def models_directory() -> Path:
    """Where the shipped models are: inside an installed package, or beside it in a checkout."""
    packaged = PACKAGE / "_data" / "models"
    return packaged if packaged.is_dir() else PACKAGE.parent / "models"


def encoder_directory() -> Path:
    """The shipped encoder."""
    return models_directory() / "encoder"


class Encoder:
    """Logits of every topic. Safe to share by threads; `threads` is how many one call computes with."""

    def __init__(self, session: "onnxruntime.InferenceSession", tokens: Tokens, card: ModelCard) -> None:
        self._session: Any = session
        self._sizes: dict[str, int] = {output.name: output.shape[1] for output in session.get_outputs()}
        self._tokens = tokens
        self.card = card

    @classmethod
    def load(cls, directory: Path, threads: int = 1) -> "Encoder":
        """Read `model.onnx`, `model.json` and the tokenizer. Raises TaxonomyError when one cannot be used."""
        try:
            card = ModelCard.model_validate_json((directory / CARD_FILE).read_bytes())
            return cls(open_session(directory / MODEL_FILE, threads), Tokens.load(directory), card)
        except OSError as error:
            raise TaxonomyError(f"no model in {directory} ({error}); `make model` makes ours") from None
        except ValidationError as error:
            raise TaxonomyError(f"{directory / CARD_FILE}: {error.errors()[0]['msg']}") from None

    def logits(self, documents: Sequence[Document]) -> Logits:
        """[documents, topics]: of the lead, or of another part of the body where that says clearly more."""
        windows = self._tokens.windows(documents)
        found = self.window_logits([window for of_one in windows for window in of_one])
        result = np.empty((len(documents), found.shape[1]), np.float32)
        at = 0
        for place, of_one in enumerate(windows):
            lead, *body = found[at : at + len(of_one)]
            result[place] = np.maximum(lead, np.max(body, 0) - BODY_MARGIN) if body else lead
            at += len(of_one)
        return result

    def lead_logits(self, documents: Sequence[Document]) -> Logits:
        """[documents, topics] of the leads alone."""
        return self.window_logits([windows[0] for windows in self._tokens.windows(documents)])

    def window_logits(self, windows: Sequence[Window]) -> Logits:
        """[windows, topics], in order; computed shortest first."""
        return self._run(["logits"], windows)[0]

    @property
    def has_embeddings(self) -> bool:
        """Whether the graph gives any: those made before it could do not."""
        return "embedding" in self._sizes

    def embeddings(self, documents: Sequence[Document]) -> Embeddings:
        """[documents, width], each of length 1: what the leads are about, in any language and for topics yet unknown.

        They come from the layers that training left alone. Leads that are alike have a high dot product.
        """
        return self._run(["embedding"], [windows[0] for windows in self._tokens.windows(documents)])[0]

    def _run(self, outputs: Sequence[str], windows: Sequence[Window]) -> list[npt.NDArray[np.float32]]:
        results = [np.empty((len(windows), self._sizes[output]), np.float32) for output in outputs]
        for places in batches([len(window.ids) for window in windows]):
            ids, mask = self._tokens.padded([windows[at].ids for at in places])
            found = self._session.run(outputs, {"input_ids": ids, "attention_mask": mask})
            for result, part in zip(results, found, strict=True):
                result[places] = part
        return results


@lru_cache(maxsize=1)
def shared_encoder(directory: Path, threads: int = 1) -> Encoder:
    """`Encoder.load`, once for all of a process that ask for it: a second one would be 60 MB and a second of start."""
    return Encoder.load(directory, threads)


def batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Places in order of size, those of about one size together, as many as fit BATCH_TOKENS with their padding."""
    batch: list[int] = []
    for at in sorted(range(len(sizes)), key=sizes.__getitem__):
        if batch and (sizes[at] > LONGER * sizes[batch[0]] or sizes[at] * (len(batch) + 1) > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def open_session(path: Path, threads: int) -> "onnxruntime.InferenceSession":
    """A graph ready to run, on `threads` threads that do not spin. Raises OSError when there is no such file."""
    import onnxruntime

    if not path.is_file():
        raise OSError(f"{path.name} is missing")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait would take the cores that other lanes and Kafka need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
