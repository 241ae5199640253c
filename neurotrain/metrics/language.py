"""Metrics of a language model: functions of the likelihood of the true next tokens."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from neurotrain.component.base import Component
from neurotrain.metrics.base import TokenCounts, TokenMetric


class Perplexity(Component, TokenMetric, tag="perplexity", frozen=True, kw_only=True):
    """The exponential of the mean cross-entropy of all tokens: 1 where each is known for sure.

    A model that finds all V tokens equally likely has V. Jelinek et al., "Perplexity: a measure of
    the difficulty of speech recognition tasks", 1977.
    """

    better: ClassVar[Literal["min", "max"]] = "min"

    def of_counts(self, counts: TokenCounts) -> float:
        """The exponential of the mean; infinite where it is too large for a float."""
        mean = counts.cross_entropy / counts.num_tokens
        return math.exp(mean) if mean < 709 else math.inf


class TokenAccuracy(Component, TokenMetric, tag="token_accuracy", frozen=True, kw_only=True):
    """The share of tokens that are the likeliest one of the model."""

    def of_counts(self, counts: TokenCounts) -> float:
        """Right ones over all."""
        return counts.num_right / counts.num_tokens
