"""A smaller vocabulary: the commonest pieces, every single character, and what our own texts and names need."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from app.classification.training.source import Pretrained

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

COMMONEST: Final = 70_000  # the file lists pieces by how common they are
_SPACE: Final = "\u2581"
_SPECIAL: Final = 4


def build_tokenizer(source: Pretrained, kept: Sequence[int] | None = None) -> "PreTrainedTokenizerFast":
    """A fast tokenizer over the pieces `kept` (ids of the source, ascending; None: all); ids are places in `kept`."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    kept = range(len(source.pieces)) if kept is None else kept
    special = {name: kept.index(at) for name, at in source.special.items()}
    pieces = [(source.pieces[at], float(source.scores[at])) for at in kept]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B </s>",
        special_tokens=[("<s>", special["bos"]), ("</s>", special["eos"])],
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>"}
    make: Any = PreTrainedTokenizerFast
    made: PreTrainedTokenizerFast = make(
        tokenizer_object=tokenizer,
        **names,
        model_max_length=len(source.positions),
    )
    return made


def choose_pieces(source: Pretrained, texts: Iterable[str]) -> list[int]:
    """Ids of the source to keep, ascending: the commonest, all single characters, and every piece that `texts` use."""
    whole = build_tokenizer(source)
    used = {at for ids in whole(list(texts), add_special_tokens=False)["input_ids"] for at in ids}
    singles = {at for at, piece in enumerate(source.pieces) if len(piece.replace(_SPACE, "")) <= 1}
    return sorted({*range(max(_SPECIAL, min(COMMONEST, len(source.pieces)))), *singles, *used})
