"""Embeddings of articles by the encoder that classifies, where a model is there."""

from pathlib import Path

from app.classification.base import Document
from app.classification.encoder import CARD_FILE, encoder_directory, shared_encoder
from app.classification.taxonomy import TaxonomyError
from app.stories.path import Embed, no_embedding
from app.stories.similarity import eight_bits


def embedder(directory: Path | None = None, threads: int = 1, *, required: bool = False) -> Embed:
    """Embeds with the encoder in `directory`, or the one that ships; without any, nothing is embedded.

    Raises TaxonomyError when a directory holds no usable model and one is `required`.
    """
    directory = directory or encoder_directory()
    if not (directory / CARD_FILE).is_file():
        if required:
            raise TaxonomyError(f"no model in {directory}: {CARD_FILE} is missing")
        return no_embedding
    encoder = shared_encoder(directory, threads)

    def embed(document: Document) -> bytes:
        # One at a time: together with others, padding would change the last bits, and a restart the stories.
        return eight_bits(encoder.embeddings([document])[0])

    return embed
