"""The two examples with which the `--help` of each command ends. A test parses every one."""

from __future__ import annotations

LAB = "The classic GAN lab, figure by figure: docs/coursework.md"
"""The last line of `ganzoo --help`."""

EXAMPLES = {
    "list": ("ganzoo list", "ganzoo list --json"),
    "show": ("ganzoo show r1gan --set size=96", "ganzoo show mlp_gan-fashion_mnist-001 --json"),
    "graph": ("ganzoo graph mlp_gan -o graph.pdf", "ganzoo graph r1gan --set size=96 -o graph.svg"),
    "models": ("ganzoo models", "ganzoo models --pictures models.png"),
    "runs": ("ganzoo runs", "ganzoo runs --runs other_runs --json"),
    "runs rm": (
        "ganzoo runs rm mlp_gan-fashion_mnist-001",
        "ganzoo runs rm --yes runs/mlp_gan-fashion_mnist-001 wgan_clip-mnist-002",
    ),
    "data": ("ganzoo data", "ganzoo data --json"),
    "data clear": ("ganzoo data clear", "ganzoo data clear toy_faces"),
    "train": (
        "ganzoo train mlp_gan --epochs 5 --seed 3",
        "ganzoo train r1gan --set size=96 --data my_faces/ --batch-size 32",
    ),
    "resume": ("ganzoo resume", "ganzoo resume mlp_gan-fashion_mnist-001 --epochs +10"),
    "export": ("ganzoo export", "ganzoo export mlp_gan-fashion_mnist-001 --fp16 -o small.onnx"),
    "adopt": (
        "ganzoo adopt other.onnx --range=-1,1",
        "ganzoo adopt other.onnx --range=0,1 --classes cat,dog -o exports/pets.onnx",
    ),
    "publish": (
        "ganzoo publish mlp_gan-fashion_mnist-001 my_model --licence CC-BY-4.0",
        "ganzoo publish mlp_gan-fashion_mnist-001 my_model --best --weights float16",
    ),
    "sample": (
        "ganzoo sample -n 64 --seed 7 -o garments.png",
        "ganzoo sample exports/mlp_gan-fashion_mnist-001.onnx -n 1000 --npz many.npz",
    ),
    "sweep": (
        "ganzoo sweep --dims auto",
        "ganzoo sweep --z mine.npy --dims 3,17 --values=-10,-5,0,5 -o sweep.png",
    ),
    "interpolate": (
        "ganzoo interpolate --seeds 1,2,5 --steps 10",
        "ganzoo interpolate exports/mlp_gan-fashion_mnist-001.onnx -o walk.gif",
    ),
    "directions": ("ganzoo directions --count 3", "ganzoo directions --reach 4 -o directions.gif"),
    "project": (
        "ganzoo project mlp_gan-fashion_mnist-001 shoe.png",
        "ganzoo project mlp_gan-fashion_mnist-001 shoe.png --restarts 8 -o found.png",
    ),
    "explore": (
        "ganzoo explore",
        "ganzoo explore exports/mlp_gan-fashion_mnist-001.onnx --port 0 --no-browser",
    ),
    "eval": (
        "ganzoo eval",
        "ganzoo eval exports/mlp_gan-fashion_mnist-001.onnx --images 5000 --json",
    ),
    "bench-zoo": (
        "ganzoo bench-zoo mlp_gan dcgan_fashion --seconds 120",
        "ganzoo bench-zoo mlp_gan 'r1gan conditional=false' --data mnist --seeds 0",
    ),
    "plot": ("ganzoo plot", "ganzoo plot mlp_gan-fashion_mnist-001 --all --format pdf -o figures"),
    "animate": ("ganzoo animate", "ganzoo animate mlp_gan-fashion_mnist-001 -o training.webp"),
    "report": ("ganzoo report", "ganzoo report mlp_gan-fashion_mnist-001 -o report.html"),
    "open": ("ganzoo open", "ganzoo open mlp_gan-fashion_mnist-001"),
    "compare": (
        "ganzoo compare mlp_gan-fashion_mnist-001 wgan_clip-fashion_mnist-001",
        "ganzoo compare runs/a runs/b runs/c -o figure.html",
    ),
    "plugins": ("ganzoo plugins", "ganzoo plugins --timeout 10 --json"),
    "new-plugin": (
        "ganzoo new-plugin my_gan --dir plugins",
        "ganzoo new-plugin my_faces --with-model r1gan-my_faces-001 --licence CC0-1.0",
    ),
    "check-plugin": ("ganzoo check-plugin my_gan", "ganzoo check-plugin ganzoo-my-gan/ --json"),
    "doctor": ("ganzoo doctor", "ganzoo doctor --json"),
}
"""Two lines by command, each of at most 76 characters, so that both fit into 80 columns."""


def below(command: str) -> str:
    """Return what stands below the help of a command; each line is a paragraph of its own."""
    return "\n\n".join(["Examples:", *EXAMPLES[command]])
