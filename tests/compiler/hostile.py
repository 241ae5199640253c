"""Hostile specs: each a text over a base without fault, and the files they point to."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final

from PIL import Image

BASE: Final = """\
version: 1
name: base
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 20, size: 64, seed: 1}
  valid: {fraction: 0.2}
  test: {type: retina_phantom, num_images: 4, size: 64, seed: 2}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: unet, channels: [8, 16]}
loss: [dice, bce]
metrics: [dice, iou]
train: {epochs: 2, batch: {global: 8}}
engine: {type: torch, device: cpu, threads: 1}
"""
TAGS: Final = (
    "!!python/object/apply:os.system ['touch canary']",
    "!!python/object/new:os.system [touch canary]",
    "!!python/object:os.system {}",
    "!!python/name:os.system",
    "!!python/module:evil",
    "!!python/object/apply:subprocess.Popen [[touch, canary]]",
    "!!python/object/apply:eval [open('canary','w')]",
    "!!python/tuple [1, 2]",
    "!!binary aGVsbG8=",
    "!!set {a, b}",
    "!!timestamp 2024-01-01",
    "!env HOME",
    "!include /etc/passwd",
    "! x",
    "!<tag:yaml.org,2002:python/name:os.system> x",
)
CODE: Final = (
    "os.system", "evil.Model", "torch.load", "builtins.eval", "__import__('os').system('x')",
    "subprocess:Popen", "neurotrain.models.unet.UNet", "monai.networks.nets.UNet",
    "$__import__('os').system('touch canary')", "$(touch canary)", "`touch canary`",
    "@model", "%import", "${oc.env:HOME}", "${eval:1+1}", "${vars.__class__}", "{{ 7*7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}", "{0.__class__}",
    "%(name)s", "__class__", "__init__", "../../unet", "unet\\0", "lambda: 0",
    "http://127.0.0.1:9/model", "file:///etc/passwd", "unet; touch canary", "model.unet",
    "pickle.loads", "UNET", "ｕｎｅｔ", "unet\\u202e",
)  # fmt: skip
KEYS: Final = (
    "_target_: os.system", "target: os.system", "_partial_: true", "class_path: evil.Model",
    "init_args: {a: 1}", "__class__: x", "__init__: {}", "__reduce__: [os.system, [x]]",
    "_convert_: all", "trust_remote_code: true", "logging: {version: 1, handlers: {}}",
    "defaults: [evil]", "hydra: {run: {dir: /tmp}}", "imports: [$import os]", "exec: touch canary",
    "hooks: {before: touch canary}", "<<: {a: 1}", "script: evil.py", "callbacks: [evil.Hook]",
)  # fmt: skip


def specs(folder: Path) -> dict[str, bytes]:
    """Every hostile spec by name; `folder` holds what `plant` made."""
    over = {f"tag-{index}": f"model: {tag}\n" for index, tag in enumerate(TAGS)}
    over |= {f"tag-name-{index}": f"name: {tag}\n" for index, tag in enumerate(TAGS[:5])}
    for index, code in enumerate(CODE):
        quoted = '"' + code.replace('"', '\\"') + '"'
        over[f"type-{index}"] = f"model: {{type: {quoted}}}\n"
        over[f"loss-{index}"] = f"loss: [{quoted}]\n"
        over[f"name-{index}"] = f"name: {quoted}\n"
        over[f"plugin-{index}"] = f"plugins: [{quoted}]\n"
        over[f"monitor-{index}"] = f"train: {{early_stopping: {{monitor: {quoted}}}}}\n"
        over[f"device-{index}"] = f"engine: {{device: {quoted}}}\n"
    over |= {f"key-{index}": f"{key}\n" for index, key in enumerate(KEYS)}
    over |= {f"model-key-{index}": f"model: {{{key}}}\n" for index, key in enumerate(KEYS)}
    over |= _names() | _bases(folder) | _data(folder)
    made = {name: f"extends: base.yaml\n{text}".encode() for name, text in over.items()}
    return made | _bombs()


def _names() -> dict[str, str]:
    names = (
        "../../escape", "/tmp/escape", "..", ".", "a/b", "a\\\\b", "C:\\\\x", "con\\0", "\\u0000",
        "a\\nb", "\\e[2J\\e[31mred", "\\e]0;title\\a", "\\x9b31m", "[bold]x[/]", "<b>x</b>",
        "-rf", "~root", "*", "a b", "\\u202egnp", "\\uFEFFa", "x" * 300, "", "$HOME", "é",
    )  # fmt: skip
    told = {f"run-name-{index}": f'name: "{name}"\n' for index, name in enumerate(names)}
    for index, name in enumerate(names):
        told[f"class-{index}"] = f'task: {{classes: ["{name}", b]}}\n'
        told[f"any-key-{index}"] = f'"{name}": 1\n'
        told[f"root-{index}"] = (
            f'data: {{test: null, train: {{type: image_folder, root: "{name}"}}}}\n'
        )
    return told


def _bases(folder: Path) -> dict[str, str]:
    bases = (
        "fifo.yaml", ".", "/", "/dev/zero", "/dev/urandom", "/dev/stdin", "/dev/tty", "/dev/full",
        "/proc/self/mem", "/proc/self/environ", "/proc/kmsg", "/etc/passwd", "loop-link.yaml",
        "http://127.0.0.1:9/x.yaml", "file:///etc/passwd", "a\\0b.yaml", "\\e[31m.yaml", "x" * 5000,
        "../" * 400 + "etc/passwd", "big.yaml", "bomb.yaml", "self-extending.yaml", "~/x.yaml",
        "socket.yaml", "$(touch canary).yaml", "| touch canary",
    )  # fmt: skip
    assert (folder / "fifo.yaml").exists()
    # Later keys win nothing here: a second `extends` is a duplicate key, which is a fault as well.
    return {f"extends-{index}": f'#\n"extends": "{base}"\n' for index, base in enumerate(bases)}


def _data(folder: Path) -> dict[str, str]:
    def paired(root: str | Path, images: str, masks: str = "masks/*") -> str:
        return (
            f'data: {{test: {{fraction: 0.2}}, train: {{type: paired_images, root: "{root}", '
            f'images: "{images}", masks: "{masks}"}}}}\n'
        )

    patterns = (
        "**/**/**/**/**/**/**/**/**/*", "**/*/**/*/**/*/**/*", "*" * 5000, "**/" * 500 + "*",
        "*a" * 40 + "b", "{id}*" * 20, "{id}" * 50, "[" * 1000, "[!" + "]" * 500, "?" * 500,
        "[a-z]" * 200, "../" * 50 + "**/*", "/dev/*", "images/../../../../**", "(a+)+$",
        "x" * 70000,
        "images/\\0*", "images/*\\n", "{id!r}", "{0.__class__}", "{id:>1000000000}", "\\e[31m*",
    )  # fmt: skip
    told = {
        f"pattern-{index}": paired(folder / "tree", pattern)
        for index, pattern in enumerate(patterns)
    }
    roots = ("/proc", "/proc/self", "/proc/self/fd", "/dev", "/sys", "/dev/zero", "/dev/fd", "\\0")
    for index, root in enumerate(roots):
        told[f"proc-{index}"] = paired(root, "**/*", "**/*")
        told[f"proc-plain-{index}"] = paired(root, "*", "*")
        told[f"proc-folder-{index}"] = (
            f'data: {{test: {{fraction: 0.2}}, train: {{type: image_folder, root: "{root}"}}}}\n'
        )
    for name in ("bombs", "pipes", "devices", "links", "diamonds"):
        told[f"files-{name}"] = paired(folder / name, "images/**/*", "masks/**/*")
        told[f"predict-{name}"] = f'predict: {{input: "{folder / name}/images/**/*.*"}}\n'
    for index, root in enumerate(("/dev/zero", "/proc/**/*", f"{folder}/pipes/images/0.png", "|x")):
        told[f"input-{index}"] = f'predict: {{input: "{root}"}}\n'
    return told


def _bombs() -> dict[str, bytes]:
    laughs = "a0: &a0 [lol, lol]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
    )
    merges = "a0: &a0 {k: v}\n" + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 30)
    )
    variables = "vars:\n  v0: xxxxxxxxxx\n" + "".join(
        f'  v{n}: "{f"${{vars.v{n - 1}}}" * 9}"\n' for n in range(1, 30)
    )
    return {
        "laughs": laughs.encode(),
        "merges": merges.encode(),
        "variables": (variables + 'name: "${vars.v29}"\n').encode(),
        "deep-list": b"[" * 100_000,
        "deep-map": b"{a: " * 100_000,
        "deep-block": b"\n".join(b" " * n + b"a:" for n in range(2000)),
        "deep-dashes": b"- " * 100_000,
        "deep-keys": b"? " * 100_000,
        "many-keys": b"\n".join(b"k%d: 1" % n for n in range(1_000_000)),
        "same-keys": b"a: 1\n" * 300_000,
        "many-anchors": b"\n".join(b"k%d: &a%d 1" % (n, n) for n in range(100_000)),
        "long-scalar": b"name: " + b"x" * 100_000_000,
        "long-key": b"x" * 1_000_000 + b": 1",
        "long-number": b"seed: " + b"9" * 1_000_000,
        "long-exponent": b"seed: 1e999999999",
        "cycle": b"a: &a [*a]\n",
        "zeros": bytes(1_000_000),
        "documents": b"--- a\n" * 100_000,
        "directives": b"%YAML 1.2\n" * 100_000 + b"--- {}\n",
        "utf-16": "name: a\n".encode("utf-16"),
        "not-utf-8": b"name: \xff\xfe\n",
        "escapes": b'name: "' + b"\\x1b" * 10_000 + b'"',
        "raw-escapes": b"name: \x1b[31mred\x1b[0m\n\x1b]0;t\x07: 1\n\xc2\x9b31m: 2\n",
        "bidi": "name: \u202egnp.exe\n\u2066x: 1\n".encode(),
    }


def plant(folder: Path) -> None:
    """The files and folders that the specs point to."""
    (folder / "base.yaml").write_text(BASE)
    os.mkfifo(folder / "fifo.yaml")
    (folder / "loop-link.yaml").symlink_to("loop-link.yaml")
    (folder / "self-extending.yaml").write_text("extends: self-extending.yaml\n")
    (folder / "big.yaml").write_bytes(b"a: " + b"x" * 9_000_000)
    (folder / "bomb.yaml").write_bytes(_bombs()["laughs"])
    for name in ("tree", "bombs", "pipes", "devices", "links", "diamonds"):
        for kind in ("images", "masks"):
            (folder / name / kind).mkdir(parents=True)
    for number in range(5):
        for kind in ("images", "masks"):
            picture = Image.new("L", (32, 32), 255 * (kind == "masks"))
            picture.save(folder / "tree" / kind / f"{'a' * 200}{number}.png")
    deep = folder / "tree" / "images" / Path(*["d"] * 40)
    deep.mkdir(parents=True)
    for kind in ("images", "masks"):
        os.mkfifo(folder / "pipes" / kind / "0.png")
        (folder / "devices" / kind / "0.png").symlink_to("/dev/zero")
        (folder / "devices" / kind / "1.png").symlink_to("/dev/urandom")
        (folder / "links" / kind / "self").symlink_to(".")
        (folder / "links" / kind / "up").symlink_to("../..")
        (folder / "links" / kind / "0.png").symlink_to("0.png")
        _plant_bombs(folder / "bombs" / kind)
        for level in range(24):
            below = folder / "diamonds" / f"{kind}-{level}"
            below.mkdir()
            above = folder / "diamonds" / (f"{kind}-{level - 1}" if level else kind)
            (above / "x").symlink_to(below)
            (above / "y").symlink_to(below)


def _plant_bombs(folder: Path) -> None:
    (folder / "0.png").write_bytes(_png(100_000, 100_000, b""))
    (folder / "1.png").write_bytes(_png(2**31 - 1, 2**31 - 1, b""))
    (folder / "2.png").write_bytes(_png(13_000, 13_000, zlib.compress(bytes(50_000_000), 9)))
    (folder / "3.gif").write_bytes(b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\xf7\0\0")
    (folder / "4.tif").write_bytes(b"II*\0" + struct.pack("<I", 8) + b"\xff" * 64)
    (folder / "5.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, 1) + b"\0" * 12 + b"\x08\0\0\0")
    (folder / "6.npy").write_bytes(_npy(b"(" * 5000))
    (folder / "7.npy").write_bytes(_npy(b"-" * 60_000 + b"1"))
    (folder / "8.npy").write_bytes(_npy(b"__import__('os').system('touch canary')"))
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (9,)}"
    (folder / "9.npy").write_bytes(_npy(header))
    shape = b"{'descr': '|u1', 'fortran_order': False, 'shape': (999999999, 999999999)}"
    (folder / "10.npy").write_bytes(_npy(shape))
    (folder / "11.bmp").write_bytes(b"BM" + b"\xff" * 60)
    (folder / "12.ppm").write_bytes(b"P6 " + b"9" * 5000 + b" 9 255\n")
    (folder / "13.jpg").write_bytes(b"\xff\xd8" + b"\xff\xe1\xff\xff" + b"x" * 70_000)
    (folder / "14.png").write_bytes(b"cos\nsystem\n(S'touch canary'\ntR.")


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header
