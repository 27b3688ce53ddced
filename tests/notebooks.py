"""Runs notebooks in place and writes them as they are stored: python3 tests/notebooks.py [names].

Names are file names or their beginnings, such as 01; without any, all notebooks are run.
``--into FOLDER`` leaves the notebooks as they are and writes what comes out there; ``--answers``
also runs the Python in the answers to the exercises, each at its place, and keeps nothing of it.

A cell's metadata says "lectures": the rows of the lectures that it shows; "answers": the questions of
students that it answers; "alt": what is seen in its Matplotlib picture; "tags": ["timing"] if its
output is never twice the same.
"""

import argparse
import base64
import io
import os
import re
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def chosen(names):
    """List the notebooks whose names begin so."""
    paths = sorted(FOLDER.glob("*.ipynb"))
    beginnings = [Path(name).name for name in names] or [""]
    found = [path for path in paths if path.name.startswith(tuple(beginnings))]
    for beginning in beginnings:
        if not any(path.name.startswith(beginning) for path in found):
            raise SystemExit(f"no notebook begins with {beginning!r}")
    return found


def environment():
    """Give the kernel this clone, and no progress bars."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TQDM_DISABLE": "1"}


def execute(notebook, answers=False):
    """Run all cells in a new kernel, in the folder of the notebooks; a cell that fails is an error."""
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook.copy(),
        timeout=300,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.nb.cells = list(notebook.cells)  # it puts back each cell that it ran, answers too
    with client.setup_kernel(env=environment()):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                client.execute_cell(cell, index)
            elif answers:
                for answer in answers_in(cell):
                    client.execute_cell(answer, index, store_history=False)


def answers_in(cell):
    """Make code cells of the Python that an exercise hides in its answer."""
    from nbformat.v4 import new_code_cell

    for hidden in re.findall(r"<details>(.*?)</details>", cell.source, re.DOTALL):
        yield from map(new_code_cell, re.findall(r"```python\n(.*?)```", hidden, re.DOTALL))


def normalise(notebook):
    """Leave out what differs between machines, or from one run to the next."""
    from nbformat import NotebookNode

    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            describe(output, cell.metadata.get("alt"))
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = of_few_colours(output["data"]["image/png"])


def of_few_colours(picture):
    """Store a picture with a palette of 128 colours, in a third of the room; it keeps who drew it."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    image, kept, found = Image.open(io.BytesIO(base64.b64decode(picture))), PngInfo(), io.BytesIO()
    kept.add_text("Software", image.info["Software"])
    few = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(found, "png", optimize=True, pnginfo=kept)
    return base64.b64encode(found.getvalue()).decode() + "\n"


def describe(output, alt):
    """Give a picture the words that stand for it, where nbconvert looks for them.

    One made of pixels is to keep its size where there is less room, as on a phone, and can be moved there;
    shrunk to fit, its letters could not be read.
    """
    if {"image/png", "image/svg+xml"} & output.get("data", {}).keys():
        text = output["data"].get("text/plain", "").strip().splitlines()
        output["metadata"]["alt"] = alt or (text[0] if text else "")
    if "image/png" in output.get("data", {}):
        output["metadata"]["image/png"] = {"unconfined": True}


def run(path, target, answers=False):
    """Run a notebook, and write it with its outputs."""
    import nbformat

    began = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, answers)
    normalise(notebook)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    target.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    seconds, size = time.perf_counter() - began, target.stat().st_size // 1000
    print(f"{path.name}: {len(notebook.cells)} cells, {seconds:.0f} s, {size} kB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="file names or their beginnings")
    parser.add_argument("--into", type=Path, help="a folder to write to")
    parser.add_argument("--answers", action="store_true", help="run the answers to the exercises too")
    arguments = parser.parse_args()
    for each in chosen(arguments.names):
        run(each, (arguments.into or FOLDER) / each.name, arguments.answers)
