"""A playground that is open in the browser, for tests."""

import json

MASK = 0xFFFFFFFF


def seeded(seed):
    """Draw the numbers that the page draws (mulberry32)."""

    def draw():
        nonlocal seed
        seed = (seed + 0x6D2B79F5) & MASK
        mixed = ((seed ^ (seed >> 15)) * (1 | seed)) & MASK
        mixed = ((mixed + ((mixed ^ (mixed >> 7)) * (61 | mixed) & MASK)) & MASK) ^ mixed
        return ((mixed ^ (mixed >> 14)) & MASK) / 4294967296

    return draw


def orders(count, seed=0):
    """Give the order of the examples in each epoch, as the page shuffles them."""
    draw, order = seeded(seed), [*range(count)]
    while True:
        for i in range(count - 1, 0, -1):
            j = int(draw() * (i + 1))
            order[i], order[j] = order[j], order[i]
        yield [*order]


class Play:
    """A playground that is open in the browser; what a reader can do."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, script, *arguments):
        return self.driver.execute_script(
            "const $ = (id) => document.getElementById(id);" + script, *arguments
        )

    def find(self, name):
        return self.driver.find_element("id", name)

    def text(self, name):
        return self.run("return $(arguments[0]).innerText", name)

    def click(self, name, times=1):
        self.run("for (let k = 0; k < arguments[1]; k++) $(arguments[0]).click()", name, times)

    def set(self, name, value):
        """Choose from a list, or type into a field; what is not offered is an error."""
        self.run(
            "const c = $(arguments[0]); c.value = arguments[1];"
            "if (c.value !== arguments[1]) throw Error(`${c.id} does not offer ${arguments[1]}`);"
            "c.dispatchEvent(new Event('input')); c.dispatchEvent(new Event('change'))",
            name,
            str(value),
        )

    def offered(self, name):
        return self.run("return [...$(arguments[0]).options].map((each) => [each.value, each.text])", name)

    def choose(self, name, text):
        (value,) = [value for value, shown in self.offered(name) if shown == text]
        self.set(name, value)

    def weights(self):
        self.click("copyWeights")
        return json.loads(self.run("return $('text').value"))

    def code(self):
        self.click("copyCode")
        return self.run("return $('text').value")

    def lines(self):
        return self.run("return [...$('why').children].map((each) => each.textContent)")

    def look_at(self, neuron, weight=None, example=None):
        if example is not None:
            self.set("example", example)
        self.choose("neuron", neuron)
        if weight is not None:
            self.choose("weight", weight)
        return self.lines()

    def wait(self, milliseconds):
        self.driver.execute_async_script("setTimeout(arguments[1], arguments[0])", milliseconds)

    def train(self, until, seconds=30):
        """Play at full speed until the status says something."""
        self.set("speed", "full")
        self.click("play")
        done = self.driver.execute_async_script(
            "const [until, end, done] = [new RegExp(arguments[0]), Date.now() + arguments[1], arguments[2]];"
            "(function look() { const text = document.getElementById('status').innerText;"
            "until.test(text) || Date.now() > end ? done(text) : setTimeout(look, 20); })()",
            until,
            1000 * seconds,
        )
        if self.run("return $('play').textContent") == "Pause":
            self.click("play")
        return done
