"""Random functions written in scalars, with sums and products of every shape, to be compiled."""

import operator

import autograd_lite as ag
from autograd_lite import Value, nn


class Maker:
    """Makes one function: a list of blocks, each from what came before, and its parameters.

    Every choice is made while the function is made; the function itself only computes.
    """

    def __init__(self, generator, width=3, most=5):
        self.generator = generator
        self.width = width
        self.most = most
        self.parameters = []
        self.matrices = []
        self.blocks = []
        self.widths = [width]  # of the vectors so far; the first is the input
        self.names = []

    # ---- Choices -----------------------------------------------------------------------

    def number(self):
        return self.generator.choice([-1.0, -0.5, 0.25, 0.5, 1.0, 0.0, 0.75])

    def parameter(self):
        self.parameters.append(Value(self.generator.uniform(-1.0, 1.0)))
        return self.parameters[-1]

    def size(self):
        return self.generator.choice([1, 1, 2, 2, 3, 3, 4, self.most])

    def vector(self):
        """Choose one of the vectors so far, the last ones more often."""
        return max(self.generator.randrange(len(self.widths)) for _ in range(2))

    def matrix(self, rows, columns):
        """Give a matrix of new parameters, or an earlier one, perhaps turned, mixed or of constants."""
        kind = self.generator.choice(
            ["new"] * 5 + ["again", "turned", "one row", "constants", "mixed", "few"]
        )
        fitting = [m for m in self.matrices if len(m) == rows and len(m[0]) == columns]
        turning = [m for m in self.matrices if len(m) == columns and len(m[0]) == rows]
        if kind == "again" and fitting:
            return self.generator.choice(fitting)
        if kind == "turned" and turning:
            return [list(column) for column in zip(*self.generator.choice(turning))]
        if kind == "one row":
            return [[self.parameter() for _ in range(columns)]] * rows
        if kind == "constants":
            return [[self.number() for _ in range(columns)] for _ in range(rows)]
        if kind == "few":
            few = [self.parameter() for _ in range(2)]
            return [[self.generator.choice(few) for _ in range(columns)] for _ in range(rows)]
        made = [[self.parameter() for _ in range(columns)] for _ in range(rows)]
        if kind == "mixed":
            made = [[self.number() if self.generator.random() < 0.3 else w for w in row] for row in made]
        self.matrices.append(made)
        return made

    def bias(self):
        """Choose a bias for some neurons: of their own, a common one, a number or none."""
        kind = self.generator.choice(["own", "own", "one", "number", "none"])
        one = self.parameter() if kind == "one" else self.number()
        return lambda: self.parameter() if kind == "own" else 0.0 if kind == "none" else one

    # ---- Weighted sums -----------------------------------------------------------------

    def weighted_sum(self, style, weights, bias):
        """Give a function that adds products up in one of many ways."""
        order = list(range(len(weights)))
        if "shuffled" in style:
            self.generator.shuffle(order)
        if "dropped" in style and len(order) > 1:
            del order[self.generator.randrange(len(order))]
        if "repeated" in style:
            order.append(self.generator.choice(order))
        cut = self.generator.randint(0, len(order))
        turned = "turned" in style

        def product(i, x):
            return x[i] * weights[i] if turned else weights[i] * x[i]

        def dot(x):
            return ag.dot([weights[i] for i in order], [x[i] for i in order], bias)

        def turned_dot(x):
            return ag.dot([x[i] for i in order], [weights[i] for i in order]) + bias

        def from_bias(x):
            return sum((product(i, x) for i in order), bias)

        def from_zero(x):
            return sum(product(i, x) for i in order) + bias

        def one_node(x):
            return ag.sum([product(i, x) for i in order]) + bias

        def nested(x):
            return sum(product(i, x) for i in order[:cut]) + (
                bias + ag.sum([product(i, x) for i in order[cut:]])
            )

        def minus(x):
            total = bias
            for i in order:
                total = total - product(i, x) if i % 2 else total + product(i, x)
            return total

        def negated(x):
            return sum((-product(i, x) if i % 2 else product(i, x) for i in order), bias)

        def from_the_right(x):
            total = bias
            for i in reversed(order):
                total = product(i, x) + total
            return total

        def two_dots(x):
            first, second = order[:cut], order[cut:]
            return ag.dot([weights[i] for i in first], [x[i] for i in first], bias) + ag.dot(
                [weights[i] for i in second], [x[i] for i in second]
            )

        def with_plain(x):
            return sum((product(i, x) for i in order), bias) + x[0] + x[-1] + x[0]

        ways = [dot, turned_dot, from_bias, from_zero, one_node, nested, minus, negated, from_the_right,
                two_dots, with_plain]  # fmt: skip
        return next(way for way in ways if way.__name__ == style[0])

    def style(self):
        way = self.generator.choice(
            ["dot", "dot", "turned_dot", "from_bias", "from_zero", "one_node", "nested", "minus", "negated",
             "from_the_right", "two_dots", "with_plain"]
        )  # fmt: skip
        manners = ["shuffled", "dropped", "repeated", "turned"]
        return [way, *(manner for manner in manners if self.generator.random() < 0.2)]

    # ---- Blocks: each gives a function from all vectors so far to a new one --------------

    def dense(self):
        source, rows = self.vector(), self.size()
        matrix, bias, style = self.matrix(rows, self.widths[source]), self.bias(), self.style()
        each = self.generator.random() < 0.2
        neurons = [self.weighted_sum(self.style() if each else style, row, bias()) for row in matrix]
        self.generator.shuffle(neurons)
        return rows, lambda vectors: [neuron(vectors[source]) for neuron in neurons]

    def same_products_other_biases(self):
        source = self.vector()
        weights = [self.parameter() for _ in range(self.widths[source])]
        biases = [self.parameter() for _ in range(self.size())]
        return len(biases), lambda vectors: [ag.dot(weights, vectors[source], b) for b in biases]

    def shared_over_vectors(self):
        """Use one matrix for several vectors, as a sequence does."""
        rows = self.size()
        source = self.vector()
        others = [s for s, w in enumerate(self.widths) if w == self.widths[source]]
        matrix, bias = self.matrix(rows, self.widths[source]), self.parameter()
        together = self.generator.random() < 0.5

        def block(vectors):
            outputs = [[ag.dot(row, vectors[s], bias) for row in matrix] for s in others]
            return [sum(column) if together else column[-1] for column in zip(*outputs)]

        return rows, block

    def windows(self):
        """Slide a window over a vector, as a convolution does."""
        source = self.vector()
        width = self.widths[source]
        kernel = self.generator.randint(1, width)
        channels = self.generator.randint(1, 2)
        step = self.generator.choice([1, 1, 2])
        padding = self.generator.choice([0, 0, 1])
        weights = [[self.parameter() for _ in range(kernel)] for _ in range(channels)]
        bias = self.parameter()
        starts = range(0, width + 2 * padding - kernel + 1, step)

        def block(vectors):
            x = [0.0] * padding + list(vectors[source]) + [0.0] * padding
            return [ag.dot(w, x[s : s + kernel], bias) for w in weights for s in starts]

        return channels * len(starts), block

    def gram(self):
        """Multiply vectors made by several matrices with one another, all pairs or those behind."""
        source = self.vector()
        places, size = self.generator.randint(1, 3), self.generator.randint(1, 3)
        causal = self.generator.random() < 0.5
        queries = [self.matrix(size, self.widths[source]) for _ in range(places)]
        keys = queries if self.generator.random() < 0.3 else [
            self.matrix(size, self.widths[source]) for _ in range(places)
        ]  # fmt: skip

        def block(vectors):
            x = vectors[source]
            q = [[ag.dot(row, x) for row in matrix] for matrix in queries]
            k = [[ag.dot(row, x) for row in matrix] for matrix in keys]
            return [ag.dot(q[t], k[s]) for t in range(places) for s in range(t + 1 if causal else places)]

        return places * (places + 1) // 2 if causal else places * places, block

    def some_pairs(self):
        """Multiply some rows of two sets with one another: blocks of equal or other size, or any pairs."""
        source = self.vector()
        x_width = self.widths[source]
        places, size = self.generator.randint(2, 5), self.generator.randint(1, 3)
        q = [self.parameter() for _ in range(size * places)]
        of_parameters = self.generator.random() < 0.3
        k = [self.parameter() for _ in range(size * places)]
        kind = self.generator.choice(["any", "blocks", "diagonal", "band"])
        pairs = [(t, s) for t in range(places) for s in range(places) if (
            self.generator.random() < 0.4 if kind == "any" else t // 2 == s // 2 if kind == "blocks"
            else t == s if kind == "diagonal" else abs(t - s) < 2
        )]  # fmt: skip
        pairs = pairs or [(0, 0)]
        if self.generator.random() < 0.5:
            self.generator.shuffle(pairs)
        biases = [self.bias()() for _ in pairs]

        def block(vectors):
            x = vectors[source]
            rows = [[q[t * size + i] * x[i % x_width] for i in range(size)] for t in range(places)]
            others = [
                [
                    k[t * size + i] if of_parameters else k[t * size + i] * x[(i + t) % x_width]
                    for i in range(size)
                ]
                for t in range(places)
            ]
            return [ag.dot(rows[t], others[s], b) for (t, s), b in zip(pairs, biases)]

        return len(pairs), block

    def attention(self):
        source = self.vector()
        width = self.widths[source]
        heads = self.generator.choice([1, 2])
        layer = nn.SelfAttention(2, heads=heads, causal=self.generator.random() < 0.5, seed=1)
        for p in layer.parameters():
            p.data = self.generator.uniform(-1.0, 1.0)
        self.parameters += layer.parameters()
        places = (width + 1) // 2

        def block(vectors):
            x = [*vectors[source], 0.5]
            outputs = layer([x[2 * t : 2 * t + 2] for t in range(places)])
            return [number for output in outputs for number in output]

        return 2 * places, block

    def elementwise(self):
        source = self.vector()
        kinds = [
            lambda a: a.tanh(), lambda a: a.sigmoid(), lambda a: a.relu(), lambda a: a * a, lambda a: -a,
            lambda a: a + 0.0, lambda a: 1.0 * a, lambda a: a * 0.0, lambda a: 2.0 - a, lambda a: a / 3.0,
            lambda a: 1.0 / (2.0 + a.tanh()), lambda a: a.leaky_relu(), lambda a: abs(a),
            lambda a: a.clip(-0.5, 0.5),
            lambda a: (a * a + 1.0).sqrt(), lambda a: (a * a + 1.0).log(), lambda a: a.exp().log1p(),
            lambda a: a + a,
            lambda a: a * a + a * a, lambda a: a - a, lambda a: ag.maximum(a, 0.1),
            lambda a: ag.where(a, a, 1.0),
            lambda a: a.silu(), lambda a: a.elu(), lambda a: a.softplus(), lambda a: a ** 2,
            lambda a: a.detach() * a,
            lambda a: sum([a * a, a, a, 0.0, a * 0.5]), lambda a: a.step(), lambda a: a.sin() * a.cos(),
        ]  # fmt: skip
        mixed = self.generator.random() < 0.3
        chosen = [self.generator.choice(kinds)] * self.widths[source]
        if mixed:
            chosen = [self.generator.choice(kinds[:14]) for _ in chosen]
        return len(chosen), lambda vectors: [kind(lift(a)) for kind, a in zip(chosen, vectors[source])]

    def of_two(self):
        first, second = self.vector(), self.vector()
        kinds = [
            operator.add,
            operator.sub,
            operator.mul,
            ag.maximum,
            ag.minimum,
            lambda a, b: a * b + b * a,
            lambda a, b: a / (1.0 + b * b),
            lambda a, b: ag.where(a, b, a),
        ]
        kind = self.generator.choice(kinds)
        outer = self.generator.random() < 0.3
        shift = self.generator.randint(0, 2)

        def block(vectors):
            a, b = [*map(lift, vectors[first])], [*map(lift, vectors[second])]
            if outer:
                return [kind(one, other) for one in a for other in b][:6]
            return [kind(one, b[(i + shift) % len(b)]) for i, one in enumerate(a)]

        return min(6, self.widths[first] * self.widths[second]) if outer else self.widths[first], block

    def rearranged(self):
        first, second = self.vector(), self.vector()
        count = self.widths[first] + self.widths[second]
        order = self.generator.choice([
            list(range(count)), list(range(count))[::-1], list(range(count))[::2], list(range(1, count)),
            self.generator.sample(range(count), count), [0, 0], [0] * 3 + [count - 1],
        ])[:6]  # fmt: skip
        return len(order), lambda vectors: [(list(vectors[first]) + list(vectors[second]))[i] for i in order]

    def reduced(self):
        source = self.vector()
        width = self.widths[source]
        cut = self.generator.randint(1, width)
        kind = self.generator.choice(
            ["sum", "builtin", "amax", "logsumexp", "softmax", "squares", "norm", "twice", "mean", "parts"]
        )

        def block(vectors):
            x = [*map(lift, vectors[source])]
            if kind == "softmax":
                return ag.softmax(x)
            if kind == "norm":
                average = ag.mean(x)
                distances = [a - average for a in x]
                deviation = (ag.dot(distances, distances) / len(x) + 0.1).sqrt()
                return [d / deviation for d in distances]
            if kind == "twice":
                total = sum(x)
                return [total * total, total + x[0], total]
            if kind == "parts":
                return [
                    ag.sum(x[:cut]),
                    ag.sum(x[cut - 1 :]),
                    ag.logsumexp(x[:cut]),
                    ag.logsumexp(x[cut - 1 :]),
                ]
            return [{"sum": ag.sum, "builtin": sum, "amax": ag.amax, "logsumexp": ag.logsumexp,
                     "mean": ag.mean, "squares": lambda x: sum(a * a for a in x)}[kind](x)]  # fmt: skip

        return {"softmax": width, "norm": width, "twice": 3, "parts": 4}.get(kind, 1), block

    def picked(self):
        """Look up rows of a table, or numbers of lists, by the tokens and what is computed from them."""
        columns = self.generator.randint(1, 3)
        rows = 5
        table = self.matrix(rows, columns)
        source = self.vector()
        kind = self.generator.choice(
            ["rows", "two rows", "next", "list", "by two", "computed", "computed rows", "lists"]
        )

        def block(vectors):
            x, (t, u) = [*map(lift, vectors[source])], vectors["tokens"]
            long = [x[i % len(x)] * (0.5 + i) for i in range(rows)]
            if kind == "rows":
                return [ag.pick([row[j] for row in table], t) for j in range(columns)]
            if kind == "two rows":
                return [ag.pick([row[j] for row in table], i) for i in (t, u) for j in range(columns)]
            if kind == "next":
                return [
                    ag.pick([row[j] for row in table], i) for i in (t, t + 1, 4 - u) for j in range(columns)
                ]
            if kind == "list":
                return [ag.pick(long, t)]
            if kind == "by two":
                return [ag.pick(long, t), ag.pick(long, u), ag.pick(long, t)]
            if kind == "lists":
                return [ag.pick(long, t), ag.pick([a * a for a in long], t), ag.pick(long[:4], u)]
            mixed = [[w * x[0] for w in row] for row in table]
            if kind == "computed rows":
                return [ag.pick([row[j] for row in mixed], i) for i in (u, t) for j in range(columns)]
            return [ag.pick([row[j] for row in mixed], u) for j in range(columns)]

        return {"rows": columns, "two rows": 2 * columns, "next": 3 * columns, "list": 1, "by two": 3,
        "lists": 3,
                "computed rows": 2 * columns}.get(kind, columns), block  # fmt: skip

    def tokens_as_numbers(self):
        factor = self.parameter()
        return 3, lambda vectors: [
            factor * vectors["tokens"][0],
            vectors["tokens"][1] + 0.5,
            vectors["tokens"][0] * 1,
        ]

    def parameters_alone(self):
        """Compute with parameters only, as a penalty does."""
        few = [self.generator.choice([*self.parameters, self.parameter()]) for _ in range(self.size())]
        kind = self.generator.choice(["squares", "each", "products", "l2"])

        def block(vectors):
            if kind == "squares":
                return [sum(p * p for p in few)]
            if kind == "each":
                return [p.tanh() for p in few]
            if kind == "l2":
                return [0.1 * ag.dot(few, few) + 0.5]
            return [few[0] * few[-1], few[0] + few[-1] * 2.0]

        return {"squares": 1, "each": len(few), "l2": 1}.get(kind, 2), block

    def branched(self):
        """Choose as Python does, by comparisons of numbers or by a token."""
        first, second, third = self.vector(), self.vector(), self.vector()
        width, limit = self.widths[first], self.generator.choice([0.0, 0.0, 0.25, -0.5, 1.0])
        w, place = self.parameter(), self.generator.randint(0, 3)
        pieces = [
            lambda a, b: a if a > limit else a * 0.1,
            lambda a, b: max(a, limit),
            lambda a, b: min(limit, a),
            lambda a, b: max(a, b, w),
            lambda a, b: a if a < b else b * w,
            lambda a, b: 0.0 if a >= limit else a * a,
            lambda a, b: 0.5 * a * a if abs(a) <= 1.0 else abs(a) - 0.5,
            lambda a, b: a.tanh() if a > b else a * b if a > w else w,
            lambda a, b: a if limit < a < 1.0 else b,
            lambda a, b: w if a > limit and b > limit else a,
            lambda a, b: a if a > limit or b <= w else w * b,
            lambda a, b: b if not a > limit else -b,
        ]
        piece = self.generator.choice(pieces)
        kind = self.generator.choice(
            ["each", "each", "each", "largest", "sorted", "place", "whole", "count", "token", "first"]
        )

        def block(vectors):
            x, y, z = [[*map(lift, vectors[source])] for source in (first, second, third)]
            if kind == "each":
                return [piece(a, y[i % len(y)]) for i, a in enumerate(x)]
            if kind == "largest":
                return [max(x), min(x), max(x) - min(y)]
            if kind == "sorted":
                return sorted(x, reverse=limit > 0.0)
            if kind == "place":
                at = max(range(width), key=x.__getitem__)
                return [x[at], y[at % len(y)], w * at]
            if kind == "whole":
                return [a * w for a in x] if ag.sum(y) > limit else [a.tanh() for a in x]
            if kind == "count":
                return [w * sum(1.0 for a in x if a > limit)]
            if kind == "token":
                return [a if vectors["tokens"][0] > place else w * a for a in x]
            return [next((a for a in x if a > limit), z[0])]

        return {"largest": 3, "place": 3, "count": 1, "first": 1}.get(kind, width), block

    def looked_up(self):
        """Look into tables as Python does, by the tokens; subtract the largest number as microgpt does."""
        columns = self.generator.randint(1, 3)
        table, source = self.matrix(5, columns), self.vector()
        scales = [self.parameter() for _ in range(5)]
        kind = self.generator.choice(["row", "two rows", "number", "probability", "sequence"])

        def block(vectors):
            x, (t, u) = [*map(lift, vectors[source])], vectors["tokens"]
            if kind == "row":
                return list(table[t])
            if kind == "two rows":
                return [a + b for a, b in zip(table[t], table[u])]
            if kind == "number":
                return [scales[t] * x[0], scales[u]]
            if kind == "sequence":
                return [sum(scales[token] * x[-1] for token in vectors["tokens"])]
            return [softmax([scale * x[i % len(x)] for i, scale in enumerate(scales)])[u]]

        return {"row": columns, "two rows": columns, "number": 2}.get(kind, 1), block

    def ragged(self):
        """Reduce rows of several lengths, as causal attention does."""
        count, source = self.generator.randint(2, 4), self.vector()
        lengths = self.generator.choice(
            [range(1, count + 1), [self.generator.randint(1, 4) for _ in range(count)]]
        )
        weights = [[self.parameter() for _ in range(length)] for length in lengths]
        kind = self.generator.choice(["sum", "mean", "weighted", "amax", "logsumexp", "norm", "prefixes"])

        def block(vectors):
            x = [*map(lift, vectors[source])]
            rows = [[w * x[i % len(x)] for i, w in enumerate(row)] for row in weights]
            if kind == "weighted":
                return [sum(p * a for p, a in zip(softmax(row), x * 4)) for row in rows]
            if kind == "norm":
                return [(sum(a * a for a in row) / len(row) + 0.1) ** -0.5 for row in rows]
            if kind == "prefixes":
                return [sum(rows[-1][:end]) * sum(rows[0][-end:]) for end in range(1, count + 1)]
            reduce = {"sum": sum, "mean": ag.mean, "amax": ag.amax, "logsumexp": ag.logsumexp}[kind]
            return [reduce(row) for row in rows]

        return count, block

    BLOCKS = [
        dense, dense, dense, dense, same_products_other_biases, shared_over_vectors, windows, gram,
        attention, some_pairs,
        elementwise, elementwise, elementwise, of_two, of_two, rearranged, reduced, picked, tokens_as_numbers,
        parameters_alone,
    ]  # fmt: skip

    # ---- The function ------------------------------------------------------------------

    def make(self, count):
        """Give the function of a vector and two tokens, one Value."""
        for _ in range(count):
            block = self.generator.choice(self.BLOCKS)
            squashed = self.generator.random() < 0.3
            width, compute = block(self)
            self.names.append(block.__name__)
            self.widths.append(width)
            self.blocks.append((squashed, compute))
        ending = self.generator.choice(["sum", "squares", "last", "cross_entropy", "all"])
        blocks = self.blocks
        if not self.parameters:
            self.parameter()

        def function(x, tokens):
            vectors = Vectors([list(x)], tokens)
            for squashed, compute in blocks:
                new = [lift(number) for number in compute(vectors)]
                vectors.append([ag.tanh(number) for number in new] if squashed else new)
            last = [*map(lift, vectors[-1])]
            if ending == "sum":
                return sum(last, lift(0.0))
            if ending == "squares":
                return ag.dot(last, last) * 0.5
            if ending == "cross_entropy":
                long = [*last, *map(lift, x), *last, *last, *last][:5]
                return ag.logsumexp(long) - ag.pick(long, tokens[0]) if len(long) == 5 else long[0]
            if ending == "all":
                return ag.mean([lift(number) for vector in vectors for number in vector])
            return last[-1]

        return function


class BranchingMaker(Maker):
    """Makes functions that also branch, so that rows of one batch take different ways."""

    BLOCKS = [*Maker.BLOCKS, *[Maker.branched] * 8]


class VariedMaker(Maker):
    """Makes functions that branch, look into tables as Python does, and reduce rows of several lengths."""

    BLOCKS = [*BranchingMaker.BLOCKS, *[Maker.looked_up] * 3, *[Maker.ragged] * 3]


class Vectors(list):
    """All vectors so far, and under "tokens" the whole numbers."""

    def __init__(self, vectors, tokens):
        super().__init__(vectors)
        self.tokens = tokens

    def __getitem__(self, place):
        return self.tokens if place == "tokens" else super().__getitem__(place)


def lift(number):
    """Give a plain number as a Value, so that it has the methods."""
    return number if isinstance(number, Value) else Value(number)


def softmax(numbers):
    """Give the shares, written as microgpt does."""
    largest = max(number.data for number in numbers)
    exps = [(number - largest).exp() for number in numbers]
    total = sum(exps)
    return [each / total for each in exps]
