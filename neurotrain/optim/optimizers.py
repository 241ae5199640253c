"""Optimizers of torch by name.

LBFGS is not among them: it evaluates the loss several times an update, which accumulation, gradient
scaling and an exact resume between micro-batches rule out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta

from neurotrain.component.base import Component, Family, NonNegative, Options, PositiveFloat

if TYPE_CHECKING:
    import torch

LearningRate = Annotated[
    float, Meta(description="Peak step size; the schedule scales it", gt=0.0, le=1000.0)
]
WeightDecay = Annotated[
    float, Meta(description="Strength of the pull of weights to zero", ge=0.0, le=1.0)
]
Beta = Annotated[float, Meta(ge=0.0, lt=1.0)]
Betas = Annotated[
    tuple[Beta, Beta], Meta(description="Decay of the running mean of gradients and squares")
]
Eps = Annotated[PositiveFloat, Meta(description="Added to the denominator")]
Momentum = Annotated[
    float, Meta(description="Share of the last update that is kept", ge=0.0, lt=1.0)
]
Decoupled = Annotated[
    bool, Meta(description="Decay weights by themselves, as AdamW does, not through the gradient")
]


class ParameterGroup(Options, frozen=True, kw_only=True):
    """Parameters with settings of their own. A parameter belongs to the first group it matches."""

    match: Annotated[
        str,
        Meta(
            description="Pattern of parameter names, such as encoder.* or *.bias; * stands for "
            "anything",
            min_length=1,
            max_length=200,
        ),
    ]
    learning_rate: LearningRate | None = None
    weight_decay: WeightDecay | None = None
    frozen: Annotated[bool, Meta(description="These parameters keep their first values")] = False


Groups = Annotated[
    tuple[ParameterGroup, ...],
    Meta(description="Parameters with settings of their own, by pattern; the first one counts"),
]
DecayOn = Annotated[
    Literal["all", "weights"],
    Meta(
        description="What decays: all parameters, or weights alone, which have two dimensions or "
        "more, so that norms and biases do not"
    ),
]


class Optimizer(Family):
    """What updates the weights."""

    __slots__ = ()
    family: ClassVar[str] = "optimizer"
    learning_rate: float
    groups: tuple[ParameterGroup, ...] = ()
    weight_decay_on: str = "all"

    def build(
        self, parameters: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]]
    ) -> torch.optim.Optimizer:
        """The torch optimizer of these parameters, or of groups of them."""
        raise AssertionError(f"{type(self).__name__} cannot be built")


class TorchOptimizer(Component, Optimizer, frozen=True, kw_only=True):
    """An optimizer of torch; its fields are its arguments."""

    class_name: ClassVar[str] = ""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Fields that torch calls by another name."""

    def build(
        self, parameters: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]]
    ) -> torch.optim.Optimizer:
        """The optimizer of `torch.optim` of this name."""
        import torch

        names = {"learning_rate": "lr", **self.renamed}
        settings = {
            names.get(field, field): getattr(self, field)
            for field in self.__struct_fields__
            if field not in ("groups", "weight_decay_on")
        }
        built: torch.optim.Optimizer = getattr(torch.optim, self.class_name)(parameters, **settings)
        return built


class Adam(TorchOptimizer, tag="adam", frozen=True, kw_only=True):
    """Adam; weight decay is added to the gradient. Kingma and Ba, ICLR 2015."""

    class_name: ClassVar[str] = "Adam"
    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.0
    betas: Betas = (0.9, 0.999)
    eps: Eps = 1e-8
    amsgrad: Annotated[
        bool, Meta(description="Divide by the largest mean square so far. Reddi et al., 2018")
    ] = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class AdamW(TorchOptimizer, tag="adamw", frozen=True, kw_only=True):
    """Adam with decoupled weight decay. Loshchilov and Hutter, ICLR 2019."""

    class_name: ClassVar[str] = "AdamW"
    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 1e-2
    betas: Betas = (0.9, 0.999)
    eps: Eps = 1e-8
    amsgrad: Annotated[
        bool, Meta(description="Divide by the largest mean square so far. Reddi et al., 2018")
    ] = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class SGD(TorchOptimizer, tag="sgd", frozen=True, kw_only=True):
    """Stochastic gradient descent with momentum."""

    class_name: ClassVar[str] = "SGD"
    learning_rate: LearningRate = 1e-2
    weight_decay: WeightDecay = 0.0
    momentum: Momentum = 0.9
    dampening: Annotated[
        float, Meta(description="Share of the gradient kept out of momentum", ge=0.0, lt=1.0)
    ] = 0.0
    nesterov: Annotated[
        bool,
        Meta(description="Nesterov's form of momentum; needs momentum above 0 and no dampening"),
    ] = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class RMSprop(TorchOptimizer, tag="rmsprop", frozen=True, kw_only=True):
    """Gradients divided by their running root mean square. Hinton, 2012."""

    class_name: ClassVar[str] = "RMSprop"
    learning_rate: LearningRate = 1e-2
    weight_decay: WeightDecay = 0.0
    alpha: Annotated[Beta, Meta(description="Decay of the running mean of squares")] = 0.99
    eps: Eps = 1e-8
    momentum: Momentum = 0.0
    centered: Annotated[
        bool, Meta(description="Divide by the standard deviation, not by the root mean square")
    ] = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class Adagrad(TorchOptimizer, tag="adagrad", frozen=True, kw_only=True):
    """Gradients divided by the root of the sum of their squares. Duchi et al., JMLR 2011."""

    class_name: ClassVar[str] = "Adagrad"
    renamed: ClassVar[Mapping[str, str]] = {"initial_accumulator": "initial_accumulator_value"}
    learning_rate: LearningRate = 1e-2
    weight_decay: WeightDecay = 0.0
    lr_decay: Annotated[
        NonNegative, Meta(description="The rate is divided by 1 + this times the updates so far")
    ] = 0.0
    initial_accumulator: Annotated[
        NonNegative, Meta(description="What the sum of squares starts from")
    ] = 0.0
    eps: Eps = 1e-10
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class Adadelta(TorchOptimizer, tag="adadelta", frozen=True, kw_only=True):
    """Steps in the units of the weights. Zeiler, 2012."""

    class_name: ClassVar[str] = "Adadelta"
    learning_rate: LearningRate = 1.0
    weight_decay: WeightDecay = 0.0
    rho: Annotated[Beta, Meta(description="Decay of the running means of squares")] = 0.9
    eps: Eps = 1e-6
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class Adamax(TorchOptimizer, tag="adamax", frozen=True, kw_only=True):
    """Adam with the largest gradient in place of the mean square. Kingma and Ba, ICLR 2015."""

    class_name: ClassVar[str] = "Adamax"
    learning_rate: LearningRate = 2e-3
    weight_decay: WeightDecay = 0.0
    betas: Betas = (0.9, 0.999)
    eps: Eps = 1e-8
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class NAdam(TorchOptimizer, tag="nadam", frozen=True, kw_only=True):
    """Adam with Nesterov's form of momentum. Dozat, ICLR workshop 2016."""

    class_name: ClassVar[str] = "NAdam"
    renamed: ClassVar[Mapping[str, str]] = {"decoupled": "decoupled_weight_decay"}
    learning_rate: LearningRate = 2e-3
    weight_decay: WeightDecay = 0.0
    betas: Betas = (0.9, 0.999)
    eps: Eps = 1e-8
    momentum_decay: Annotated[
        NonNegative, Meta(description="How fast the momentum approaches its full value")
    ] = 4e-3
    decoupled: Decoupled = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class RAdam(TorchOptimizer, tag="radam", frozen=True, kw_only=True):
    """Adam whose first steps are rectified. Liu et al., ICLR 2020."""

    class_name: ClassVar[str] = "RAdam"
    renamed: ClassVar[Mapping[str, str]] = {"decoupled": "decoupled_weight_decay"}
    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.0
    betas: Betas = (0.9, 0.999)
    eps: Eps = 1e-8
    decoupled: Decoupled = False
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class ASGD(TorchOptimizer, tag="asgd", frozen=True, kw_only=True):
    """Gradient descent that averages its weights. Polyak and Juditsky, 1992."""

    class_name: ClassVar[str] = "ASGD"
    learning_rate: LearningRate = 1e-2
    weight_decay: WeightDecay = 0.0
    lambd: Annotated[NonNegative, Meta(description="Decay of the rate and of the weights")] = 1e-4
    alpha: Annotated[NonNegative, Meta(description="Power by which the rate falls")] = 0.75
    t0: Annotated[NonNegative, Meta(description="Updates after which averaging begins")] = 1e6
    groups: Groups = ()
    weight_decay_on: DecayOn = "all"


class Rprop(TorchOptimizer, tag="rprop", frozen=True, kw_only=True):
    """Steps by the sign of the gradient; for whole-data batches. Riedmiller and Braun, 1993."""

    class_name: ClassVar[str] = "Rprop"
    learning_rate: LearningRate = 1e-2
    etas: Annotated[
        tuple[
            Annotated[float, Meta(gt=0.0, lt=1.0)],
            Annotated[float, Meta(gt=1.0)],
        ],
        Meta(description="What a step is multiplied with after a change of sign, and without"),
    ] = (0.5, 1.2)
    step_sizes: Annotated[
        tuple[PositiveFloat, PositiveFloat], Meta(description="Smallest and largest step")
    ] = (1e-6, 50.0)
    groups: Groups = ()
