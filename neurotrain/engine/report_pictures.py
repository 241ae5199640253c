"""Pictures as part of a page: data URIs of a bearable size."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurotrain.engine import report_wording as wording
from neurotrain.engine.report_statistics import is_right, score_of, worst_first
from neurotrain.recorder.results import SampleScore, TestResult
from neurotrain.visualizer.canvas import title_of

_LARGEST_BYTES: Final = 400_000
_WIDEST: Final = 1800
_JPEG_QUALITY: Final = 88
_MOST_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture with its words."""

    uri: str
    name: str
    words: str
    """What it shows, for those who do not see it, and as its caption."""


def embedded(path: Path) -> str:
    """The picture as a data URI; one of more than 400 kB is made smaller, as a JPEG.

    Raises:
        OSError: it cannot be read, or is no picture.
    """
    from PIL import Image

    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        kind = Image.MIME.get(image.format or "", "image/png")
        if len(content) > _LARGEST_BYTES:
            small = image.convert("RGB")
            small.thumbnail((_WIDEST, 10 * _WIDEST))
            shrunk = io.BytesIO()
            small.save(shrunk, format="JPEG", quality=_JPEG_QUALITY)
            kind, content = "image/jpeg", shrunk.getvalue()
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def sample_pictures(result: TestResult, paths: Sequence[Path]) -> tuple[Picture, ...]:
    """The pictures of samples, the worst first; of many, the worst and the best.

    A picture belongs to the sample whose id is its title; others stand at the end.
    """
    ordered = [result.samples[at] for at in worst_first(result)]
    ranks = {sample.id: rank for rank, sample in enumerate(ordered)}
    titled = [(title_of(path), path) for path in paths]
    titled.sort(key=lambda one: ranks.get(one[0], len(ordered)))
    if len(titled) > _MOST_SHOWN:
        half = _MOST_SHOWN // 2
        titled = titled[:half] + titled[-half:]
    return tuple(_picture(result, ordered, ranks.get(title), path) for title, path in titled)


def _picture(
    result: TestResult, ordered: Sequence[SampleScore], rank: int | None, path: Path
) -> Picture:
    if rank is None:
        return Picture(uri=embedded(path), name=path.name, words="")
    sample = ordered[rank]
    name, value = score_of(result, sample)
    words = f"{name} {wording.number_text(value)}"
    if result.task == "classification":
        words = f"{'right' if is_right(sample) else 'wrong'}, {words}"
    words = f"{words}; {wording.rank_text(rank, len(ordered))}"
    return Picture(uri=embedded(path), name=sample.id, words=words)
