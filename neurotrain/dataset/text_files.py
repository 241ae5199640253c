"""Text files for a language model, read where they lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component
from neurotrain.component.paths import PathText, Resolver
from neurotrain.dataset.base import (
    CorruptSample,
    DataFault,
    Dataset,
    Sample,
    SampleInfo,
    Samples,
    Survey,
)
from neurotrain.dataset.faults import resolved_root
from neurotrain.dataset.pattern_files import files_of_pattern
from neurotrain.dataset.text import END

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextFiles(Component, Dataset, tag="text_files", frozen=True, kw_only=True):
    """Text files in UTF-8 as one stream of bytes, in the order of their names.

    The tokens are the bytes, and 256 after each file. Files are mapped into memory, so that the
    system keeps what is used of them. A fraction for validation or test is the end of the stream,
    not blocks drawn from all over it.
    """

    tasks: ClassVar[tuple[str, ...]] = ("causal_lm",)
    in_place: ClassVar[bool] = True

    root: Annotated[
        PathText,
        Meta(description="Folder of the files; relative to the spec; may hold ${env:NAME:default}"),
    ]
    files: Annotated[str, Meta(description="Pattern of the files below the root", min_length=1)] = (
        "**/*.txt"
    )

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """The files as whole texts; nothing of them is read."""
        root = resolved_root(resolver, self.root)
        if isinstance(root, DataFault):
            return Survey(samples=(), faults=(root,))
        files, faults = files_of_pattern(root, "files", self.files)
        samples = tuple(
            SampleInfo(
                id=file.name,
                files=(file.name,),
                file_bytes=(file.num_bytes,),
                length=file.num_bytes + 1,
            )
            for file in files
        )
        return Survey(samples=samples, faults=tuple(faults), origin=str(root), folder=str(root))

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Map the files when they are first read."""
        return MappedText(root=resolver.path(self.root), blocks=samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedText:
    """Blocks of mapped files."""

    root: Path
    blocks: tuple[SampleInfo, ...]
    _maps: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.blocks)

    def load(self, index: int) -> Sample:
        """One block, and the same one token on."""
        import numpy as np

        block = self.blocks[index]
        assert block.length is not None
        tokens = np.full(block.length + 1, END, dtype=np.int64)
        filled, offset = 0, block.start
        for name, num_bytes in zip(block.files, block.file_bytes, strict=True):
            part = self._bytes(name, num_bytes)[offset : offset + len(tokens) - filled]
            tokens[filled : filled + len(part)] = part
            filled, offset = filled + len(part) + 1, 0
        return Sample(id=block.id, image_CHW=tokens[:-1], target=tokens[1:])

    def _bytes(self, name: str, num_bytes: int) -> NDArray[np.uint8]:
        """A file's bytes.

        Raises:
            CorruptSample: it is gone, or of another size.
        """
        import numpy as np

        if name not in self._maps:
            path = self.root / name
            try:
                found = path.stat().st_size
                mapped = np.memmap(path, np.uint8, "r") if found else np.zeros(0, np.uint8)
            except OSError as error:
                raise CorruptSample(f"{path} cannot be read ({error.strerror})") from error
            if len(mapped) != num_bytes:
                raise CorruptSample(f"{path} has {found} bytes, at first {num_bytes}")
            self._maps[name] = mapped
        return self._maps[name]
