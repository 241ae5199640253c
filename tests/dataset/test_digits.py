"""The shipped digits: what the survey states is what scikit-learn holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from neurotrain.component.paths import Resolver
from neurotrain.dataset.digits import Digits

RESOLVER = Resolver(base=Path("/"), environment={})
FOUND = Digits().survey(RESOLVER, max_headers=None, num_classes=0)


def test_the_survey_is_true() -> None:
    """Number, size, channels and classes are those of the data."""
    digits = load_digits()
    assert len(FOUND.samples) == len(digits.images)
    assert {(info.size, info.channels) for info in FOUND.samples} == {(digits.images[0].shape, 1)}
    assert FOUND.classes == tuple(str(name) for name in digits.target_names)
    assert (FOUND.faults, FOUND.synthetic) == ((), False)


def test_samples_are_scaled_to_one() -> None:
    """Pixels are the data over 16, labels the data's."""
    digits = load_digits()
    chosen = FOUND.samples[1790:1700:-7]
    samples = Digits().open(RESOLVER, chosen, 10)
    for place in range(len(samples)):
        sample = samples.load(place)
        index = 1790 - 7 * place
        assert (sample.id, int(sample.target)) == (f"digit-{index:04d}", digits.target[index])
        np.testing.assert_allclose(sample.image_CHW[0] * 16, digits.images[index])
