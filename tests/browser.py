"""A real browser for tests and pictures: Debian's Chromium, driven through Selenium."""

import json
import shutil
from contextlib import contextmanager

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
SECONDS = 60
"""What opening a page or running a script may take."""

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver", "dot": "graphviz"}


def found(program):
    """Find a program, or say which Debian package has it."""
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(f"{program} is missing: apt-get install {PACKAGES[program]}")
    return path


@contextmanager
def browser():
    """Start Chromium, and end it."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = found("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(executable_path=found("chromedriver")))
    driver.set_page_load_timeout(SECONDS)
    driver.set_script_timeout(SECONDS)
    try:
        yield driver
    finally:
        driver.quit()


def requests(driver):
    """List the addresses that were asked for since the last time."""
    entries = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [
        entry["params"]["request"]["url"]
        for entry in entries
        if entry["method"] == "Network.requestWillBeSent"
    ]
