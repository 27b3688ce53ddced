"""Random programs of scalars, written out as Python: one line for each operation or branch."""

from typing import NamedTuple

from autograd_lite.ops import OPS

ATTRIBUTES = {
    "approximate": [0.0, 1.0],
    "slope": [0.01, 0.25, 0.0, 1.5],
    "alpha": [1.0, 0.5, 2.0, 0.0],
    "at_zero": [0.0, 0.5, 1.0],
}
BOUNDS = [(-1.0, 1.0), (0.0, 1.0), (-0.5, 2.0), (0.5, 0.5), (-1e10, 0.0)]
COMPARISONS = ["<", "<=", ">", ">="]


class Step(NamedTuple):
    """A name and the lines that compute it; ``{name}`` and ``{0}``, ``{1}``, ... stand for names."""

    text: str
    operands: list[str]


class Program(NamedTuple):
    """What is computed step by step; the last step is the result."""

    inputs: list[str]
    steps: list[Step]

    def source(self, head="", first=()):
        """Write the program as a function."""
        lines = [f"def program({head or ', '.join(self.inputs)}):", *(f"    {line}" for line in first)]
        for number, step in enumerate(self.steps):
            text = step.text.format(*step.operands, name=f"v{number}")
            lines += [f"    {line}" for line in text.splitlines()]
        return "\n".join([*lines, f"    return v{len(self.steps) - 1}"]) + "\n"

    def until(self, end):
        """Give the program that computes one of the steps, without what that does not need."""
        needed, waiting = set(), [end]
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                names = [name for name in self.steps[number].operands if name.startswith("v")]
                waiting += [int(name[1:]) for name in names]
        new = {f"v{old}": f"v{place}" for place, old in enumerate(sorted(needed))}
        steps = [
            Step(step.text, [new.get(name, name) for name in step.operands])
            for number, step in enumerate(self.steps)
            if number in needed
        ]
        return Program(self.inputs, steps)


class Writer:
    """Writes one program.

    Args:
        generator: where all chances come from.
        inputs: the names to begin with.
        constants: the numbers to use, as Python.
        index: the name of a whole number from 0 to 4, if there is one.
        leave_out: operations that are not to be used.
    """

    def __init__(self, generator, inputs, constants, index=None, leave_out=()):
        self.generator = generator
        self.inputs = inputs
        self.constants = constants
        self.index = index
        self.names = [name for name in OPS if name not in leave_out]
        self.steps = []

    def write(self, count):
        """Give a program of so many steps."""
        for _ in range(count):
            kind = self.generator.random()
            if kind < 0.18:
                self.steps.append(self.branch())
            elif kind < 0.4:
                self.steps.append(
                    self.operation(OPS[self.generator.choice(["add", "sub", "mul", "mul", "div"])])
                )
            else:
                self.steps.append(self.operation(OPS[self.generator.choice(self.names)]))
        return Program(self.inputs, self.steps)

    # ---- Operands ----------------------------------------------------------------------

    def variable(self):
        """Choose an input or an earlier step, the last few more often."""
        count = len(self.steps)
        if count and self.generator.random() < 0.65:
            recent = self.generator.random() < 0.6
            return f"v{self.generator.randrange(max(0, count - 3) if recent else 0, count)}"
        return self.generator.choice(self.inputs)

    def variables(self, count):
        """Choose some, of which several may be the same."""
        chosen = [self.variable() for _ in range(count)]
        if count > 1 and self.generator.random() < 0.15:
            chosen[-1] = chosen[0]
        return chosen

    def operands(self, count):
        """Choose variables and constants, at least one variable."""
        chosen = self.variables(count)
        for place in range(count):
            if count > 1 and self.generator.random() < 0.2:
                chosen[place] = self.constant()
        if not any(name[0].isalpha() and name not in ("inf", "nan") for name in chosen):
            chosen[self.generator.randrange(count)] = self.variable()
        return chosen

    def constant(self):
        return self.generator.choice(self.constants)

    # ---- Steps -------------------------------------------------------------------------

    def operation(self, op):
        """Write a call of an operation as its declaration says."""
        if op.many is not None:
            return self.on_lists(op)
        count = len(op.partials)
        operands = self.operands(count)
        attributes = self.attributes(op)
        slots = [f"{{{place}}}" for place in range(count)]
        if op.is_operator:
            text = op.template
        elif count == 1 and self.generator.random() < 0.3:
            text = f"{{0}}.{op.name}({', '.join(attributes)})"
        else:
            text = f"{op.name}({', '.join([*slots, *attributes])})"
        return Step(f"{{name}} = {text}", operands)

    def attributes(self, op):
        """Choose the attributes of an operation, or say that it has unknown ones."""
        names = list(op.attributes)
        if names == ["low", "high"]:
            return [*map(repr, self.generator.choice(BOUNDS))]
        unknown = [name for name in names if name not in ATTRIBUTES]
        if unknown:
            raise SystemExit(f"{op.name}: no numbers are known for the attribute {unknown[0]!r}")
        return [repr(self.generator.choice(ATTRIBUTES[name])) for name in names]

    def on_lists(self, op):
        """Write a call of an operation on lists."""
        size = self.generator.randint(1, 5)
        parameters, _ = op.parameters()
        if "index" in parameters and self.index and self.generator.random() < 0.6:
            size = 5
        parts, operands = [], []
        for parameter in parameters:
            if parameter in ("values", "weights", "inputs"):
                slots = range(len(operands), len(operands) + size)
                parts.append(f"[{', '.join(f'{{{slot}}}' for slot in slots)}]")
                operands += self.operands(size)
            elif parameter in ("start", "bias"):
                if self.generator.random() < 0.5:
                    parts.append(f"{{{len(operands)}}}")
                    operands += self.operands(1)
            elif parameter == "index":
                parts.append(self.index if size == 5 and self.index else str(self.generator.randrange(size)))
            else:
                raise SystemExit(f"{op.name}: no way is known to fill {parameter!r}")
        return Step(f"{{name}} = {op.name}({', '.join(parts)})", operands)

    def condition(self):
        """Write a comparison of the first two operands."""
        return f"{{0}} {self.generator.choice(COMPARISONS)} {{1}}"

    def branch(self):
        """Write a choice that Python makes."""
        # A compiled function may not ask whether a number is 0; and only there is a whole number given.
        last = "index" if self.index else "truth"
        kind = self.generator.choice(["if else", "if", "max", "min", "largest", "nested", last])
        if kind == "if else":
            return Step(
                f"{{name}} = {{2}} if {self.condition()} else {{3}}", [*self.operands(2), *self.variables(2)]
            )
        if kind == "if":
            text = f"if {self.condition()}:\n    {{name}} = {{2}} * {{3}}\nelse:\n    {{name}} = tanh({{2}})"
            return Step(text, [*self.operands(2), *self.variables(2)])
        if kind in ("max", "min"):
            return Step(f"{{name}} = lift({kind}({{0}}, {{1}}))", self.operands(2))
        if kind == "largest":
            return Step("{name} = max([{0}, {1}, {2}])", self.variables(3))
        if kind == "truth":
            return Step("{name} = {1} if {0} else {2}", self.variables(3))
        if kind == "nested":
            chosen = "{name} = {2} if {2} > 0.5 else -{2}"
            text = f"if {self.condition()}:\n    {chosen}\nelse:\n    {{name}} = {{0}} + {{1}}"
            return Step(text, self.variables(3))
        place = self.generator.randrange(5)
        return Step(f"{{name}} = {{0}} if {self.index} > {place} else {{1}}", self.variables(2))
