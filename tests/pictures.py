"""Makes the pictures of the README anew: python3 tests/pictures.py. Needs Chromium."""

from pathlib import Path

from browser import browser
from examples import first_example

from autograd_lite import draw, step_through
from autograd_lite.playing.bundled import bundled_playground

FOLDER = Path(__file__).parents[1] / "notebooks" / "pictures"


def graph():
    """Write the drawing as SVG."""
    return draw(first_example()).svg


def still(path):
    """Photograph the step page at its fourth step."""
    page = path.with_suffix(".html")
    step_through(first_example()).save(page)
    try:
        with browser() as chrome:
            size = {"width": 900, "height": 600, "deviceScaleFactor": 2, "mobile": False}
            chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            chrome.get(page.as_uri())
            for _ in range(4):
                chrome.find_element("id", "next").click()
            chrome.execute_script("document.activeElement.blur()")
            path.write_bytes(chrome.find_element("tag name", "main").screenshot_as_png)
    finally:
        page.unlink()


def playing(path):
    """Photograph the playground of the moons after forty epochs, asked about a neuron."""
    page = path.with_suffix(".html")
    bundled_playground("moons").save(page)
    try:
        with browser() as chrome:
            size = {"width": 1200, "height": 1200, "deviceScaleFactor": 1, "mobile": False}
            chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            chrome.get(page.as_uri())
            for _ in range(40):
                chrome.find_element("id", "epoch").click()
            chrome.execute_script("""
                const neuron = document.getElementById("neuron");
                neuron.value = "2 3";
                neuron.onchange();
                document.querySelectorAll("details").forEach((each) => each.remove());
                document.activeElement.blur()""")
            path.write_bytes(chrome.find_element("tag name", "main").screenshot_as_png)
    finally:
        page.unlink()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "graph.svg").write_text(graph(), encoding="utf-8")
    still(FOLDER / "steps.png")
    playing(FOLDER / "playground.png")
