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
    "float16": "fp16",
    "half": "fp16",
    "reduce_lr_on_plateau": "plateau",
    "warm_restarts": "cosine_restarts",
    "cosine_annealing_warm_restarts": "cosine_restarts",
    "poly": "polynomial",
    "gradient_clip_val": "clip_grad_norm",
    "swa": "ema",
    "torch_compile": "compile",
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

LEFT_OUT: Final = {
    "lbfgs": "torch's LBFGS evaluates the loss several times an update, which accumulation, "
    "scaling and an exact resume rule out; take adamw, or rprop for whole-data batches",
    "sparse_adam": "no model here has sparse gradients; take adam",
    "lamb": "torch has no LAMB; take adamw",
}
"""Names of well-known components that are missing on purpose, with the reason and what to take."""
