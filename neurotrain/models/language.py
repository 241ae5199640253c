"""Language models of transformers, built from their configuration: nothing is downloaded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypeAlias

from msgspec import Meta

from neurotrain.component.base import Component, PartialShare, Positive
from neurotrain.models.base import Contradiction, LanguageModel

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig

_CAUSAL: Final = "causal"
"""The name of that attention; transformers makes masks for the names that it knows alone."""

Blocks: TypeAlias = Annotated[Positive, Meta(description="Blocks")]
Heads: TypeAlias = Annotated[Positive, Meta(description="Attention heads of a block")]
Checkpointing: TypeAlias = Annotated[
    bool,
    Meta(
        description="Compute the activations of each block anew in the backward pass instead "
        "of keeping them"
    ),
]


class GPT2(Component, LanguageModel, tag="gpt2", frozen=True, kw_only=True):
    """The decoder of GPT-2 with weights of its own, from transformers.

    Learned positions, layer normalisation before attention and perceptron, the output tied to the
    token embedding. Radford et al., "Language models are unsupervised multitask learners", 2019.
    """

    package: ClassVar[str] = "transformers"
    layers: Blocks = 4
    heads: Heads = 4
    width: Annotated[Positive, Meta(description="Features of a token; divisible by the heads")] = (
        128
    )
    dropout: Annotated[
        PartialShare, Meta(description="Share of features and attention weights set to zero")
    ] = 0.0
    activation_checkpointing: Checkpointing = False

    def contradiction(self) -> Contradiction | None:
        """A width that the heads do not divide."""
        return _head_fault(self.width, self.heads, 1)

    def build_text(self, vocabulary: int, context_length: int) -> nn.Module:
        """GPT2LMHeadModel."""
        from transformers import GPT2Config, GPT2LMHeadModel

        config = GPT2Config(
            vocab_size=vocabulary, n_positions=context_length, n_embd=self.width,
            n_layer=self.layers, n_head=self.heads, resid_pdrop=self.dropout,
            embd_pdrop=self.dropout, attn_pdrop=self.dropout, use_cache=False,
            bos_token_id=vocabulary - 1, eos_token_id=vocabulary - 1,
        )  # fmt: skip
        _attend_causally(config)
        return _wrapped(GPT2LMHeadModel(config), checkpointed=self.activation_checkpointing)


class Llama(Component, LanguageModel, tag="llama", frozen=True, kw_only=True):
    """The decoder of Llama with weights of its own, from transformers.

    Rotary positions, RMS normalisation, gated perceptrons, no biases. Touvron et al., "LLaMA: open
    and efficient foundation language models", 2023.
    """

    package: ClassVar[str] = "transformers"
    layers: Blocks = 4
    heads: Heads = 4
    key_value_heads: Annotated[
        Positive | None,
        Meta(description="Heads that keys and values have; by default as many; divides the heads"),
    ] = None
    width: Annotated[
        Positive, Meta(description="Features of a token; divisible by twice the heads")
    ] = 128
    hidden: Annotated[
        Positive | None, Meta(description="Width of the perceptrons; by default 8/3 of the width")
    ] = None
    activation_checkpointing: Checkpointing = False

    def contradiction(self) -> Contradiction | None:
        """Numbers of heads that divide neither the width nor each other."""
        if self.key_value_heads is not None and self.heads % self.key_value_heads:
            why = f"{self.heads} heads cannot share {self.key_value_heads} key_value_heads"
            remedy = f"write key_value_heads: {math.gcd(self.heads, self.key_value_heads)}"
            return Contradiction(("key_value_heads", "heads"), why, remedy)
        return _head_fault(self.width, self.heads, 2)

    def build_text(self, vocabulary: int, context_length: int) -> nn.Module:
        """LlamaForCausalLM."""
        from transformers import LlamaConfig, LlamaForCausalLM

        config = LlamaConfig(
            vocab_size=vocabulary, max_position_embeddings=context_length, hidden_size=self.width,
            intermediate_size=self.hidden or round(self.width * 8 / 3),
            num_hidden_layers=self.layers, num_attention_heads=self.heads,
            num_key_value_heads=self.key_value_heads or self.heads, use_cache=False,
            bos_token_id=vocabulary - 1, eos_token_id=vocabulary - 1, pad_token_id=None,
        )  # fmt: skip
        _attend_causally(config)
        return _wrapped(LlamaForCausalLM(config), checkpointed=self.activation_checkpointing)


def _attend_causally(config: PretrainedConfig) -> None:
    """Let a model of transformers attend by torch's causal attention without a mask.

    By itself it looks at every batch whether texts are packed in it, which reads values back from
    the device and cannot be followed on `meta`.
    """
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    AttentionInterface.register(_CAUSAL, sdpa_attention_forward)
    config._attn_implementation = _CAUSAL


def _head_fault(width: int, heads: int, times: int) -> Contradiction | None:
    unit = times * heads
    if width % unit == 0:
        return None
    how = " twice" if times > 1 else ""
    why = f"the width {width} is not divisible by{how} the heads, {unit}"
    remedy = f"the nearest width for {heads} heads is {unit * max(1, round(width / unit))}"
    return Contradiction(("heads", "width"), why, remedy)


def _wrapped(network: nn.Module, *, checkpointed: bool) -> nn.Module:
    """A network of transformers that takes tokens and gives logits alone."""
    from torch import Tensor, nn

    class TokensToLogits(nn.Module):
        """Int64 tokens (B, T) to logits (B, vocabulary, T)."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, tokens_BT: Tensor) -> Tensor:
            logits_BTV: Tensor = self.network(input_ids=tokens_BT).logits
            return logits_BTV.transpose(1, 2)

    if checkpointed:
        network.activation_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    return TokensToLogits()
