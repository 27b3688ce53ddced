/* Runs compiled programs that stay scalar: their instructions are those of the operations, in OPERATION_CASES.

   The numbers of a program stand in one array: first its leaves, group by group as a call passes them, then
   what does not change, then the result of each instruction. Whatever is out of the ordinary (another kind
   of number, a division by zero, a comparison that came out otherwise) gives None, and Python runs it.

   The arrays are made once. No code of Python runs while they are in use: the results' lists are made
   before, since making one may start the collector. */

enum { VARIANTS = 4, COPY = 0xfffe, CHOICE = 0xffff }; /* of an operation: value alone, and all, left, right partials */

typedef struct {
    PyObject_HEAD
    Py_buffer leaves;              /* double: what those that do not change are, and a place for those that do */
    Py_buffer groups;              /* int32 each, from here on: how many leaves each group has */
    Py_buffer whole;               /* the leaves that are indices, whole numbers */
    Py_buffer codes, operands;     /* the instructions; what each takes, as they are read one after the other */
    Py_buffer counts, receivers;   /* how many partials each has; the number that each partial is by */
    Py_buffer zeros;               /* numbers whose adjoint is 0 from the start */
    Py_buffer outputs, guards;     /* a guard: the sign, left and right number, how it came out */
    double *numbers, *partials, *adjoints, *gathered, *totals;
} Tape;

#define LENGTH(buffer) ((buffer).len / (Py_ssize_t)sizeof(int32_t))
#define ITEMS(buffer) ((const int32_t *)(buffer).buf)

static const char *const BUFFERS = "y*y*y*y*y*y*y*y*y*y*n";

static void Tape_dealloc(PyObject *self) {
    Tape *tape = (Tape *)self;
    PyTypeObject *type = Py_TYPE(self);
    Py_buffer *buffers[] = {&tape->leaves, &tape->groups, &tape->whole, &tape->codes, &tape->operands, &tape->counts,
                            &tape->receivers, &tape->zeros, &tape->outputs, &tape->guards};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++) PyBuffer_Release(buffers[i]);
    PyMem_Free(tape->numbers);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Tape(leaves, groups, whole, codes, operands, counts, receivers, zeros, outputs, guards, longest list) */
static PyObject *Tape_new(PyTypeObject *type, PyObject *args, PyObject *named) {
    Py_ssize_t longest;
    Tape *tape = (Tape *)PyType_GenericAlloc(type, 0);
    (void)named;
    if (tape == NULL) return NULL;
    if (!PyArg_ParseTuple(args, BUFFERS, &tape->leaves, &tape->groups, &tape->whole, &tape->codes, &tape->operands,
                          &tape->counts, &tape->receivers, &tape->zeros, &tape->outputs, &tape->guards, &longest)) {
        Py_DECREF(tape);
        return NULL;
    }
    Py_ssize_t leaves = tape->leaves.len / (Py_ssize_t)sizeof(double), partials = LENGTH(tape->receivers);
    Py_ssize_t all = leaves + LENGTH(tape->codes) + 1; /* the last takes what nobody wants */
    size_t room = (size_t)(all + partials + all + longest + leaves) * sizeof(double);
    tape->numbers = PyMem_Malloc(room);
    if (tape->numbers == NULL) { Py_DECREF(tape); return PyErr_NoMemory(); }
    memset(tape->numbers, 0, room);
    memcpy(tape->numbers, tape->leaves.buf, (size_t)tape->leaves.len);
    tape->partials = tape->numbers + all;
    tape->adjoints = tape->partials + partials;
    tape->gathered = tape->adjoints + all;
    tape->totals = tape->gathered + longest;
    return (PyObject *)tape;
}

/* ---- Running it ---------------------------------------------------------------------------------- */

/* Applies an operation to lists, whose lengths stand before their numbers; moves on. */
static int on_lists(const Record *record, const double *v, const int32_t **operands, double *gathered, double *y, double **by) {
    const double *x[MOST];
    Py_ssize_t n[MOST];
    char plain[MOST];
    const int32_t *a = *operands + 2 * record->inputs;
    for (int k = 0; k < record->inputs; k++) {
        n[k] = (*operands)[2 * k];
        plain[k] = (char)(*operands)[2 * k + 1];
        x[k] = gathered;
        for (Py_ssize_t i = 0; i < n[k]; i++) *gathered++ = v[*a++];
    }
    int bad = record->lists(x, n, plain, y, *by);
    for (int k = 0; k < record->inputs; k++) if (!plain[k]) *by += n[k];
    *operands = a;
    return bad;
}

/* Gives the number at the index that stands behind a list of numbers, and a partial for each; moves on. */
static int choice(const double *v, const int32_t **operands, double *y, double **by) {
    const int32_t *a = *operands;
    int32_t n = *a++;
    double index = v[a[n]];
    int bad = !(index >= 0.0 && index < (double)n);
    for (int32_t i = 0; i < n; i++) *(*by)++ = !bad && (int32_t)index == i;
    *y = v[a[bad ? 0 : (int32_t)index]];
    *operands = a + n + 1;
    return bad;
}

/* Computes all numbers, and the partials; says whether Python would have signalled. */
static int forwards(Tape *tape) {
    const double *v = tape->numbers;
    const int32_t *a = ITEMS(tape->operands), *codes = ITEMS(tape->codes), *end = codes + LENGTH(tape->codes);
    double *y = tape->numbers + tape->leaves.len / (Py_ssize_t)sizeof(double), *by = tape->partials;
    int bad = 0;
    for (; codes < end; codes++, y++) {
        switch (*codes) {
        OPERATION_CASES
        case COPY: *y = v[*a++]; *by++ = 1.0; break;
        case CHOICE: bad |= choice(v, &a, y, &by); break;
        default: bad |= on_lists(&records[*codes / VARIANTS], v, &a, tape->gathered, y, &by);
        }
    }
    return bad;
}

/* Adds up the adjoints, in the order of the straight line; from -0, to which what is added first stays what it is. */
static void backwards(Tape *tape) {
    Py_ssize_t leaves = tape->leaves.len / (Py_ssize_t)sizeof(double), inner = LENGTH(tape->codes);
    const int32_t *counts = ITEMS(tape->counts), *to = ITEMS(tape->receivers) + LENGTH(tape->receivers);
    const double *by = tape->partials + LENGTH(tape->receivers);
    double *adjoints = tape->adjoints;
    for (Py_ssize_t i = 0; i <= leaves + inner; i++) adjoints[i] = -0.0;
    for (Py_ssize_t i = 0; i < LENGTH(tape->zeros); i++) adjoints[ITEMS(tape->zeros)[i]] = 0.0;
    adjoints[ITEMS(tape->outputs)[0]] = 1.0;
    for (Py_ssize_t i = inner - 1; i >= 0; i--) {
        double d = adjoints[leaves + i];
        int32_t count = counts[i];
        by -= count;
        to -= count;
        if (count == 0) continue;
        adjoints[to[0]] += d * by[0];
        for (int32_t k = 1; k < count; k++) adjoints[to[k]] += d * by[k];
    }
}

static int guards_held(const Tape *tape) {
    const int32_t *guard = ITEMS(tape->guards);
    for (Py_ssize_t i = 0; i < LENGTH(tape->guards); i += 4, guard += 4) {
        double left = tape->numbers[guard[1]], right = tape->numbers[guard[2]];
        int found[] = {left < right, left <= right, left > right, left >= right, left == right, left != right};
        if (found[guard[0]] != guard[3]) return 0;
    }
    return 1;
}

/* ---- What Python calls ---------------------------------------------------------------------------- */

static int is_listed(PyObject *thing) { return PyList_CheckExact(thing) || PyTuple_CheckExact(thing); }

/* Reads the numbers of a group, floats alone or indices; says whether they are such. */
static int read_group(Tape *tape, PyObject *given, Py_ssize_t start, Py_ssize_t count) {
    const char *whole = tape->whole.buf;
    if (!is_listed(given) || length_of(given) != count) return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = item_of(given, i);
        if (!Py_IS_TYPE(item, &PyFloat_Type) && !(whole[start + i] && Py_IS_TYPE(item, &PyLong_Type))) return 0;
        if (!number_of(item, &tape->numbers[start + i])) return 0;
    }
    return 1;
}

/* Writes numbers into a list. */
static int fill(PyObject *list, const double *numbers, const int32_t *places, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *number = PyFloat_FromDouble(numbers[places == NULL ? i : places[i]]);
        if (number == NULL) return -1;
        PyList_SetItem(list, i, number);
    }
    return 0;
}

static PyObject *left_alone(PyObject *one, PyObject *other) {
    Py_XDECREF(one);
    Py_XDECREF(other);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* Makes a tuple of two results, and of a third thing if there is one; faster than Py_BuildValue. */
static PyObject *packed(PyObject *one, PyObject *other, PyObject *third) {
    if (one == NULL || other == NULL) return left_alone(one, other);
    PyObject *found = PyTuple_Pack(third == NULL ? 2 : 3, one, other, third);
    Py_DECREF(one);
    Py_DECREF(other);
    return found;
}

/* Reads the numbers of a call, one list for each group, and computes; says whether all was in order. */
static int computed(Tape *tape, PyObject *const *given, Py_ssize_t count) {
    const int32_t *lengths = ITEMS(tape->groups);
    Py_ssize_t start = 0;
    if (count != LENGTH(tape->groups)) return 0;
    for (Py_ssize_t i = 0; i < count; start += lengths[i++]) if (!read_group(tape, given[i], start, lengths[i])) return 0;
    return !forwards(tape) && guards_held(tape);
}

/* Runs one call: numbers, one list for each group; (all outputs, True) or None. */
static PyObject *Tape_forward(PyObject *self, PyObject *const *given, Py_ssize_t count) {
    Tape *tape = (Tape *)self;
    Py_ssize_t outputs = LENGTH(tape->outputs);
    PyObject *found = PyList_New(outputs);
    if (found == NULL || !computed(tape, given, count) || fill(found, tape->numbers, ITEMS(tape->outputs), outputs))
        return left_alone(found, NULL);
    return packed(found, Py_NewRef(Py_True), NULL);
}

/* The same of one output: (the output, its gradient by the leaves of the first group, True) or None. */
static PyObject *Tape_value_and_gradient(PyObject *self, PyObject *const *given, Py_ssize_t count) {
    Tape *tape = (Tape *)self;
    Py_ssize_t parameters = ITEMS(tape->groups)[0];
    PyObject *gradient = PyList_New(parameters);
    if (gradient == NULL || !computed(tape, given, count)) return left_alone(gradient, NULL);
    backwards(tape);
    double value = tape->numbers[ITEMS(tape->outputs)[0]];
    if (fill(gradient, tape->adjoints, NULL, parameters)) return left_alone(gradient, NULL);
    return packed(PyFloat_FromDouble(value), gradient, Py_True);
}

/* Reads the numbers of a row, which stand at one place of each column. */
static int read_row(Tape *tape, PyObject *columns, Py_ssize_t row, Py_ssize_t start) {
    for (Py_ssize_t i = 0; i < length_of(columns); start += ITEMS(tape->groups)[3 + i++]) {
        PyObject *column = item_of(columns, i);
        if (!is_listed(column) || row >= length_of(column)) return 0;
        if (!read_group(tape, item_of(column, row), start, ITEMS(tape->groups)[3 + i])) return 0;
    }
    return 1;
}

/* Runs rows: parameters, frozen numbers, a column for each argument; (each row's output, the sum of gradients) or None. */
static PyObject *Tape_sums(PyObject *self, PyObject *const *given, Py_ssize_t count) {
    Tape *tape = (Tape *)self;
    const int32_t *groups = ITEMS(tape->groups);
    if (count != 3 || !is_listed(given[2]) || length_of(given[2]) != LENGTH(tape->groups) - 3) Py_RETURN_NONE;
    PyObject *first = length_of(given[2]) ? item_of(given[2], 0) : Py_None;
    Py_ssize_t rows = is_listed(first) ? length_of(first) : 0;
    if (rows == 0) Py_RETURN_NONE;
    PyObject *outputs = PyList_New(rows), *totals = PyList_New(groups[0]);
    if (outputs == NULL || totals == NULL) return left_alone(outputs, totals);
    for (Py_ssize_t i = 0; i < groups[0]; i++) tape->totals[i] = 0.0;
    int done = length_of(given[2]) == LENGTH(tape->groups) - 3 /* still: making lists may have run code of Python */
               && read_group(tape, given[0], 0, groups[0]) && read_group(tape, given[1], groups[0], groups[1]);
    for (Py_ssize_t row = 0; done && row < rows; row++) {
        done = read_row(tape, given[2], row, groups[0] + groups[1] + groups[2]) && !forwards(tape) && guards_held(tape);
        if (!done) break;
        backwards(tape);
        for (Py_ssize_t i = 0; i < groups[0]; i++) tape->totals[i] += tape->adjoints[i];
        PyObject *number = PyFloat_FromDouble(tape->numbers[ITEMS(tape->outputs)[0]]);
        done = number != NULL;
        if (done) PyList_SetItem(outputs, row, number);
    }
    if (!done || fill(totals, tape->totals, NULL, groups[0])) return left_alone(outputs, totals);
    return packed(outputs, totals, NULL);
}

/* Makes a list of new tuples, before the arrays are used. */
static PyObject *list_of_tuples(Py_ssize_t count, Py_ssize_t length) {
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *tuple = PyTuple_New(length);
        if (tuple == NULL) Py_CLEAR(list);
        else PyList_SetItem(list, i, tuple);
    }
    return list;
}

/* Runs an optimiser's rule for one parameter, the i-th, and writes down where it is, and its state. */
static int move_one(Tape *tape, PyObject *const *given, Py_ssize_t i, PyObject *moved, PyObject *after) {
    double *numbers = tape->numbers;
    Py_ssize_t states = LENGTH(tape->outputs) - 1;
    int fits = number_of(item_of(given[0], i), &numbers[0]) && number_of(item_of(given[1], i), &numbers[1]);
    if (!fits || (states && !read_group(tape, item_of(given[2], i), 2, states)) || forwards(tape)) return -1;
    for (Py_ssize_t k = 0; k <= states; k++) {
        PyObject *number = PyFloat_FromDouble(numbers[ITEMS(tape->outputs)[k]]);
        if (number == NULL) return -1;
        if (k == 0 ? PyList_SetItem(moved, i, number) : PyTuple_SetItem(PyList_GetItem(after, i), k - 1, number)) return -1;
    }
    return 0;
}

/* Moves parameters: where they are, gradient, states, learning rate, step; (where they are then, states) or None. */
static PyObject *Tape_moved(PyObject *self, PyObject *const *given, Py_ssize_t count) {
    Tape *tape = (Tape *)self;
    if (count != 5 || !is_listed(given[0])) Py_RETURN_NONE;
    Py_ssize_t states = LENGTH(tape->outputs) - 1, n = length_of(given[0]);
    PyObject *moved = PyList_New(n), *after = states ? list_of_tuples(n, states) : Py_NewRef(given[2]);
    int fits = moved != NULL && after != NULL; /* then all is looked at: making lists may have run code of Python */
    for (int i = 0; fits && i < 3; i++) fits = is_listed(given[i]) && length_of(given[i]) == n;
    for (int i = 3; fits && i < 5; i++) fits = number_of(given[i], &tape->numbers[states + i - 1]);
    if (!fits) return left_alone(moved, after);
    for (Py_ssize_t i = 0; i < n; i++) if (move_one(tape, given, i, moved, after)) return left_alone(moved, after);
    return packed(moved, after, NULL);
}

/* What Python calls has one argument more, the first: the function that is called where C gives None. */
#define METHOD(name) \
    static PyObject *Tape_##name##_or(PyObject *self, PyObject *const *given, Py_ssize_t count) { \
        PyObject *found = Tape_##name(self, given + 1, count - 1); \
        if (found != Py_None) return found; \
        Py_DECREF(found); \
        return left_to_python(given[0], NULL, given + 1, count - 1, NULL); \
    }
METHOD(moved)
METHOD(forward)
METHOD(value_and_gradient)
METHOD(sums)

#define ROW(name) {#name, (PyCFunction)(void (*)(void))Tape_##name##_or, METH_FASTCALL, NULL}
static PyMethodDef tape_methods[] = {
    ROW(moved), ROW(forward), ROW(value_and_gradient), ROW(sums), {NULL, NULL, 0, NULL}};
static PyType_Slot tape_slots[] = {
    {Py_tp_new, Tape_new}, {Py_tp_dealloc, Tape_dealloc}, {Py_tp_methods, tape_methods}, {0, NULL}};
static PyType_Spec tape_spec = {"autograd_lite.core.native._native.Tape", sizeof(Tape), 0, Py_TPFLAGS_DEFAULT, tape_slots};
