"""What torch or DeepSpeed says of this machine: `python -m neurotrain.engine.probe deepspeed`.

A process of its own, because an import may fail in any way, print, or end the process. Its answer
is one line among what is printed. Builds nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

ANSWER: Final = "neurotrain-probe: "
"""What the line of the answer begins with."""
_NO_OP: Final = "deepspeed_not_implemented"
"""What stands for ops that an accelerator does not have."""


def of_torch() -> dict[str, Any]:
    """Version, CUDA and GPUs."""
    import torch

    cuda = torch.cuda.is_available()
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda,
        "gpus": [
            {"name": gpu.name, "memory_bytes": gpu.total_memory}
            for gpu in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
        ]
        if cuda
        else [],
    }


def of_deepspeed() -> dict[str, Any]:
    """Version, accelerator, number formats, and the ops that could be built here."""
    import deepspeed
    from deepspeed.accelerator import get_accelerator
    from deepspeed.ops.op_builder.all_ops import ALL_OPS
    from deepspeed.ops.op_builder.builder import probe_is_compatible

    accelerator = get_accelerator()
    formats = {"bf16": accelerator.is_bf16_supported(), "fp16": accelerator.is_fp16_supported()}
    return {
        "version": str(deepspeed.__version__),
        "accelerator": accelerator.device_name(),
        "backend": accelerator.communication_backend_name(),
        "formats": ["fp32", *(name for name, supported in formats.items() if supported)],
        "ops": {
            name: "built" if _is_built(name) else "buildable" if probe_is_compatible(op) else "no"
            for name, op in sorted(ALL_OPS.items())
            if name != _NO_OP
        },
    }


def _is_built(op: str) -> bool:
    """Whether torch's cache of extensions has the op, from an earlier run."""
    from torch.utils import cpp_extension

    return any(Path(cpp_extension.get_default_build_root()).glob(f"*/{op}/{op}.so"))


def main() -> None:
    """Print the answer."""
    asked = {"torch": of_torch, "deepspeed": of_deepspeed}[sys.argv[1]]
    print(f"\n{ANSWER}{json.dumps(asked())}", flush=True)


if __name__ == "__main__":
    main()
