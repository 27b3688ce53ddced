"""JupyterLab itself shows drawings and step pages, in notebooks that it trusts and in those that it does not.

Needs JupyterLab: python3 -m pip install jupyterlab==4.6.0
"""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest
from examples import first_example

from autograd_lite import draw, step_through

SECONDS = 60
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
SHOWN = """
const output = document.querySelectorAll(".jp-OutputArea-output")[arguments[0]];
if (!output) return null;
const seen = (selector) => [...output.querySelectorAll(selector)].filter((each) => each.checkVisibility());
const sizes = seen("img").map((image) => [image.naturalWidth, image.naturalHeight, image.clientWidth]);
return {
  images: sizes, alts: seen("img").map((image) => image.alt), frames: seen("iframe").length,
  toggles: seen("summary").map((summary) => summary.textContent), text: output.textContent,
};
"""


def write_notebook(path):
    """Write a notebook with a drawing and a step page, as a kernel would leave them."""
    cells = []
    for shown in (draw(first_example(), engine="built-in"), step_through(first_example())):
        cell = nbformat.v4.new_code_cell("shown", execution_count=1)
        cell.outputs = [
            nbformat.v4.new_output("execute_result", shown._repr_mimebundle_(), execution_count=1)
        ]
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)  # without a kernel to start


@pytest.fixture(scope="module", params=[LIGHT, DARK])
def jupyterlab(request, tmp_path_factory):
    """Serve a notebook that is trusted and one that is not; give the address and the theme."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    with served(folder, request.param) as (url, environment):
        for name in ("trusted", "untrusted"):
            write_notebook(folder / "notebooks" / f"{name}.ipynb")
        command = [sys.executable, "-m", "jupyter", "trust", folder / "notebooks" / "trusted.ipynb"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=SECONDS)
        yield url, request.param


@contextmanager
def served(folder, theme):
    """Start JupyterLab on a folder; give its address and its environment."""
    environment = {
        **os.environ,
        **{f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")},
    }
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    (folder / "notebooks").mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={folder / 'notebooks'}"),
        f"--LabApp.user_settings_dir={folder / 'settings'}",
        f"--LabApp.workspaces_dir={folder / 'workspaces'}",
    ]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        (info,) = wait_for(lambda: [*(folder / "runtime").glob("jpserver-*.json")])
        yield wait_for(lambda: json.loads(info.read_text() or "{}").get("url")), environment
    finally:
        server.kill()  # it has nothing to save, and no kernel to end first
        server.wait(timeout=SECONDS)


def wait_for(what):
    """Wait until something is there, and give it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError


def both_outputs(driver, address):
    """Open a notebook, and tell what is seen of the drawing and of the step page once they are there."""
    driver.get(address)

    def seen():
        outputs = [driver.execute_script(SHOWN, index) for index in range(2)]
        ready = all(outputs) and (outputs[1]["frames"] or outputs[1]["images"]) and outputs[0]["images"]
        return outputs if ready and outputs[0]["images"][0][0] else None

    return wait_for(seen)


@pytest.mark.parametrize("name", ["untrusted", "trusted"])
def test_jupyterlab_shows_the_picture_and_the_page(jupyterlab, chrome, name):
    url, theme = jupyterlab
    drawing, steps = both_outputs(chrome, f"{url}lab/workspaces/{name}/tree/{name}.ipynb")
    assert chrome.execute_script("return document.body.dataset.jpThemeName") == theme
    ((width, height, shown),) = drawing["images"]
    assert width > height > 100 and shown >= 0.85 * width - 1
    assert drawing["alts"] == [str(draw(first_example()))]
    if name == "trusted":
        assert (steps["frames"], steps["images"], steps["toggles"]) == (1, [], [])
        chrome.switch_to.frame(chrome.find_element("tag name", "iframe"))
        assert wait_for(lambda: chrome.find_element("id", "sentence").text) == "7 steps, forwards and back."
        chrome.switch_to.default_content()
    else:
        assert (steps["frames"], len(steps["images"])) == (0, 1)
        assert steps["images"][0][0] > 100
        assert steps["toggles"] == ["All 7 steps as text"]
        assert "Run this cell to step through it." in steps["text"]
    chrome.get("about:blank")
