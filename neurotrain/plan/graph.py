"""The run's graph: what needs what, with a digest for every node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from neurotrain.component.base import Component
from neurotrain.component.plugins import PluginUse, qualified
from neurotrain.dataset.base import Folds
from neurotrain.plan.open_plan import OpenFacts
from neurotrain.plan.plan import STAGES, Facts, GraphNode, Plan, without_none
from neurotrain.spec.engines import LAUNCH_ONLY
from neurotrain.spec.experiment import Experiment, Task
from neurotrain.spec.train import Checkpoints

_PARTS: Final = ("train", "valid", "test")
_OF_A_FOLD: Final = (
    "data.train",
    "data.valid",
    "loader.train",
    "loader.valid",
    "scheduler",
    "trainer",
    "weights",
)


def digest_of(value: Any) -> str:
    """SHA-256 over the canonical JSON of a plain value, in hexadecimal."""
    builtins = without_none(msgspec.to_builtins(value))
    return hashlib.sha256(msgspec.json.encode(builtins, order="sorted")).hexdigest()


def build_graph(
    experiment: Experiment, facts: Facts | OpenFacts, plugins: Sequence[PluginUse] = ()
) -> tuple[GraphNode, ...]:
    """The nodes in an order in which every node comes after what it needs.

    A plugin is a node that every node needs which uses a component of it.
    """
    spec = without_none(msgspec.to_builtins(experiment))
    train, engine = _decided(spec)
    optimizer, scheduler = train.pop("optimizer"), train.pop("scheduler")
    graph = _Graph(plugins)
    common = _learned(facts, experiment.task)
    trainings = _trainings(experiment, facts)
    for name in (name for name in _PARTS if name in facts.parts):
        for suffix, own in trainings.items() if name != "test" else [("", facts)]:
            _add_data(graph, experiment, spec, own, name, suffix)
    model, schedule = graph.plugins(experiment.model), graph.plugins(experiment.train.scheduler)
    if facts.pretrained is not None:
        how = {key: value for key, value in spec["pretrained"].items() if key != "file"}
        graph.add("pretrained", "artifact", [facts.pretrained, how])
        model = [*model, "pretrained"]
    built = [spec["model"], facts.in_channels, facts.out_channels]
    built += [facts.tokens] if facts.tokens is not None else []
    graph.add("model", "model", built, model)
    lost = [spec["loss"]] if "loss" in spec else _of_heads(spec, "weight", "loss")
    graph.add("loss", "loss", lost, graph.plugins(*experiment.losses))
    measured = graph.plugins(*experiment.measured.values())
    judged = [spec["metrics"], common, *_of_heads(spec, "metrics")]
    graph.add("metrics", "metrics", judged, measured)
    updates = graph.plugins(experiment.train.optimizer)
    graph.add("optimizer", "optimizer", [optimizer], ["model", *updates])
    for suffix, own in trainings.items():
        values = [scheduler, own.num_steps]
        graph.add(f"scheduler{suffix}", "scheduler", values, ["optimizer", *schedule])
    windows = [spec["test"].get("sliding_window"), spec["test"]["overlap"]]
    batches = [facts.micro_batch, facts.accumulation, facts.world_size, windows]
    rival = experiment.train.adversarial
    others = graph.plugins(rival.discriminator, rival.optimizer) if rival is not None else []
    batches += [spec["data"]["curriculum"]] if "curriculum" in spec["data"] else []
    weights, validates = [], ["metrics"] if "valid" in facts.parts else []
    for suffix in trainings:
        loaders = [f"loader.train{suffix}", "model", "loss", "optimizer", f"scheduler{suffix}"]
        loaders += [f"loader.valid{suffix}"] if validates else []
        graph.add(
            f"trainer{suffix}",
            "trainer",
            [train, spec["seed"], batches, facts.device, facts.threads, engine, facts.monitor],
            [*loaders, *validates, *others],
        )
        weights.append(f"weights{suffix}")
        graph.add(weights[-1], "artifact", [], [f"trainer{suffix}"])
    _add_evaluation(graph, experiment, spec, facts, weights)
    return graph.nodes()


def folds_of(experiment: Experiment) -> tuple[int, ...]:
    """The folds that each have a training, from 1; empty where there is one training."""
    valid = experiment.data.valid
    if not isinstance(valid, Folds) or not valid.is_whole:
        return ()
    return tuple(range(1, valid.folds + 1))


def fold_of(node: GraphNode) -> int | None:
    """The fold that a trainer trains; None where it is the only one."""
    number = node.id.rpartition("-")[2]
    return int(number) if node.kind == "trainer" and number.isdecimal() else None


def base_name(node_id: str) -> str:
    """The name of a node without the number of its fold."""
    base, dash, number = node_id.rpartition("-")
    return base if dash and number.isdecimal() and base in _OF_A_FOLD else node_id


def _trainings(experiment: Experiment, facts: Facts | OpenFacts) -> dict[str, Facts | OpenFacts]:
    """What ends the names of each training's nodes, with its facts."""
    found: dict[str, Facts | OpenFacts] = {
        f"-{number}": facts.of_fold(number) if isinstance(facts, Facts) else facts
        for number in folds_of(experiment)
    }
    return found or {"": facts}


def _add_data(
    graph: _Graph, experiment: Experiment, spec: dict[str, Any], facts: Facts | OpenFacts,
    name: str, suffix: str,
) -> None:  # fmt: skip
    """The dataset and the loader of a part."""
    part, chain = facts.parts[name], experiment.data.transforms
    common = _learned(facts, experiment.task)
    transforms = spec["data"]["transforms"]["train" if name == "train" else "eval"]
    dataset = graph.plugins(getattr(experiment.data, part.source))
    applied = graph.plugins(*(chain.train if name == "train" else chain.eval))
    values = [part, spec["data"][part.source], common]
    graph.add(f"data.{name}{suffix}", "dataset", values, dataset)
    graph.add(f"loader.{name}{suffix}", "loader", [transforms], [f"data.{name}{suffix}", *applied])


def _add_evaluation(
    graph: _Graph, experiment: Experiment, spec: dict[str, Any], facts: Facts | OpenFacts,
    weights: Sequence[str],
) -> None:  # fmt: skip
    """The stages that need trained weights."""
    if len(weights) > 1:
        held_out = [name.replace("weights", "loader.valid") for name in weights]
        needs = [*weights, *held_out, "metrics", "loss"]
        graph.add("cross_validator", "cross_validator", [spec["test"]], needs)
        graph.add("cross_validation", "artifact", [], ["cross_validator"])
    if "test" in facts.parts:
        needs = [*weights, "loader.test", "metrics", "loss"]
        graph.add("tester", "tester", [spec["test"]], needs)
        graph.add("report", "artifact", [], ["tester"])
    if "predict" in spec:
        _add_predictor(graph, experiment, spec, facts, weights)


def _add_predictor(
    graph: _Graph, experiment: Experiment, spec: dict[str, Any], facts: Facts | OpenFacts,
    weights: Sequence[str],
) -> None:  # fmt: skip
    settings = {key: value for key, value in spec["test"].items() if key != "num_pictures"}
    evaluation = [spec["predict"], settings, spec["data"]["transforms"]["eval"]]
    evaluation += [facts.inputs] if facts.inputs is not None else []
    assert experiment.predict is not None
    steps = graph.plugins(*experiment.data.transforms.eval, *experiment.predict.postprocess)
    graph.add("predictor", "predictor", evaluation, [*weights, *steps])
    graph.add("predictions", "artifact", [], ["predictor"])


def _learned(facts: Facts | OpenFacts, task: Task) -> list[Any]:
    """What the data is read and measured for."""
    learned: list[Any] = [facts.task, facts.classes, *([facts.targets] if facts.targets else [])]
    learned += [facts.heads, task.target_names] if facts.heads is not None else []
    return learned if facts.tokens is None else [*learned, facts.tokens]


def _of_heads(spec: dict[str, Any], *keys: str) -> list[Any]:
    """Some settings of each of several tasks; empty where there is one."""
    return [{key: head.get(key) for key in keys} for head in spec["task"].get("heads", ())]


def _decided(spec: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The train and engine blocks without the values that the facts decide for good."""
    train = _without(spec["train"], "batch")
    train["checkpoints"] = _without(train["checkpoints"], "monitor", "mode")
    if "early_stopping" in train:
        train["early_stopping"] = _without(train["early_stopping"], "mode")
    return train, _without(spec["engine"], "device", "threads", *LAUNCH_ONLY)


def _without(block: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key not in keys}


def training_digest(plan: Plan) -> str:
    """The identity of a training's every step: what a checkpoint must have in common with a plan.

    Plans that differ only in what a training can be continued with have the same one: the number
    of epochs where the schedule does not depend on it, patience, and which checkpoints are kept.
    """
    train = plan.experiment.train
    facts, stopping = plan.facts, train.early_stopping
    if not train.scheduler.needs_horizon:
        train, facts = replace(train, epochs=1), _without_length(facts)
    if stopping is not None:
        stopping = replace(stopping, patience=1)
    train = replace(train, early_stopping=stopping, checkpoints=Checkpoints())
    nodes = build_graph(replace(plan.experiment, train=train), facts, plan.plugins)
    digests = [node.digest for node in nodes if node.kind == "trainer"]
    return digests[0] if len(digests) == 1 else digest_of(digests)


def _without_length(facts: Facts) -> Facts:
    """The facts of trainings that are as long as they may become."""
    folds = facts.folds and tuple(replace(fold, num_steps=0) for fold in facts.folds)
    return replace(facts, num_steps=0, folds=folds)


def stages_of(nodes: Iterable[GraphNode]) -> tuple[GraphNode, ...]:
    """The nodes that do work, in order."""
    return tuple(node for node in nodes if node.kind in STAGES)


def run_digest(nodes: Iterable[GraphNode]) -> str:
    """The identity of a run: over all its stages."""
    return digest_of({node.id: node.digest for node in stages_of(nodes)})


def mermaid(nodes: Iterable[GraphNode]) -> str:
    """The graph as a Mermaid flow chart."""
    shapes = {"artifact": "[({})]", **dict.fromkeys(STAGES, "[[{}]]")}
    lines = ["flowchart LR"]
    for node in nodes:
        box = shapes.get(node.kind, "[{}]").format(node.id)
        lines.append(f"  {_mermaid_id(node.id)}{box}")
        lines += [f"  {_mermaid_id(need)} --> {_mermaid_id(node.id)}" for need in node.needs]
    return "\n".join(lines) + "\n"


def _mermaid_id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


class _Graph:
    def __init__(self, plugins: Sequence[PluginUse]) -> None:
        self._nodes: dict[str, GraphNode] = {}
        self._plugins = plugins

    def plugins(self, *components: Any) -> list[str]:
        """The nodes of the plugins that bring these components."""
        names = {qualified(each) for each in components if isinstance(each, Component)}
        needed = []
        for use in self._plugins:
            if names.intersection(use.components):
                needed.append(f"plugin.{use.name}")
                self.add(needed[-1], "plugin", [use])
        return needed

    def add(self, name: str, kind: str, values: list[Any], needs: Iterable[str] = ()) -> None:
        below = {need: self._nodes[need].digest for need in needs}
        digest = digest_of({"kind": kind, "values": values, "needs": below})
        self._nodes[name] = GraphNode(id=name, kind=kind, needs=tuple(needs), digest=digest)

    def nodes(self) -> tuple[GraphNode, ...]:
        return tuple(self._nodes.values())
