"""Words that other tools use for what a spec calls differently; only for suggestions."""

from __future__ import annotations

from typing import Final

SYNONYMS: Final = {
    "lr": "learning_rate",
    "wd": "weight_decay",
    "batch_size": "batch",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "gradient_accumulation_steps": "accumulation",
    "gradient_clipping": "clip_grad_norm",
    "grad_clip": "clip_grad_norm",
    "workers": "num_workers",
    "criterion": "loss",
    "network": "model",
    "net": "model",
    "dataset": "data",
    "validation": "valid",
    "val": "valid",
    "augmentation": "transforms",
    "aug": "transforms",
    "mask": "masks",
    "labels": "masks",
    "gpu": "cuda",
    "float32": "fp32",
    "bfloat16": "bf16",
    "jaccard": "iou",
    "acc": "accuracy",
    "sensitivity": "recall",
    "tpr": "recall",
    "ppv": "precision",
    "tnr": "specificity",
    "ce": "cross_entropy",
    "binary_cross_entropy": "bce",
    "cosine_annealing": "cosine",
    "grayscale": "grey",
    "zscore": "normalize",
    "cnn": "simple_cnn",
}
