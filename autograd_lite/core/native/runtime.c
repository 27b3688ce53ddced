/* The engine in C: what a Value holds, how an operation is recorded, the sweep.

   It knows no operation. Those are in operations.h, which source.py writes from the declarations in
   ops.py. Whatever is out of the ordinary (a subclass, a mode, another kind of number, a division by
   zero) is left to the function in Python that does the same: Record.python, and the slow_ ones. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- What a Value holds ------------------------------------------------------------------- */

/* The kinds of Layouts; and what a node of each kind holds: one parent and perhaps other operands, one and a
   constant, two, or a Block of them and other operands. */
enum { ONE, TWO, CONSTANT_RIGHT, CONSTANT_LEFT, MANY, LISTS, KINDS };
enum { SINGLE, WITH_CONSTANT, PAIR, BLOCK, SHAPE = 3, SEEN = 4 };
static const char *const KIND_NAMES[KINDS] = {"one", "two", "constant_right", "constant_left", "many", "lists"};
static const int SHAPES[KINDS] = {SINGLE, PAIR, WITH_CONSTANT, WITH_CONSTANT, BLOCK, BLOCK};

typedef struct {
    Py_ssize_t count;
    double *partials;
    PyObject *parents[];
} Block;

typedef struct Node {
    PyObject_HEAD
    double data;
    union { double number; uint64_t bits; struct Node *next; } grad; /* next: among nodes to be freed */
    uintptr_t where;               /* the Layout, and in its lowest bits the shape, and during a walk SEEN; 0: a leaf */
    union { PyObject *first; Block *block; };
    PyObject *second;              /* the second parent of a PAIR; the other operands of SINGLE and BLOCK */
    double by_first;               /* of a leaf, during a sweep: the gradient before */
    double by_second;              /* of WITH_CONSTANT the constant */
    PyObject *label;
} Node;

/* What stands for no number in a gradient: one of the many nans, which no assignment can leave there. */
static const uint64_t NONE_YET = UINT64_C(0x7ffc5ad0a11ce5f1);

static PyTypeObject *ValueType;
static PyObject *NO_GRADIENT, *MANY_PARENTS, *slow_data[4], *slow_init, *slow_lists, *list_layout, *NO_GRAPH, *only_computes;
static int modes, tracers;         /* in how many contexts one is on, as modes.ACTIVE has it */

#define IS_VALUE(thing) Py_IS_TYPE((PyObject *)(thing), ValueType)
#define ANY_VALUE(thing) (IS_VALUE(thing) || PyObject_TypeCheck((PyObject *)(thing), ValueType))
#define DATA(thing) (((Node *)(thing))->data)

static inline int shape_of(const Node *node) { return (int)(node->where & SHAPE); }
static inline Block *block_of(const Node *node) { return shape_of(node) == BLOCK ? node->block : NULL; }
static inline PyObject *layout_of(const Node *node) { return (PyObject *)(node->where & ~(uintptr_t)(SHAPE | SEEN)); }

static int any_tracked;            /* whether one of Value itself ever was: asking about each would take time */

static void track(PyObject *node) {
    any_tracked = 1;
    PyObject_GC_Track(node);
}

/* The collector must know of a node as soon as it could be part of a cycle: if something that it keeps could. */
static inline int may_hold(PyObject *thing) {
    if (IS_VALUE(thing)) return any_tracked && PyObject_GC_IsTracked(thing);
    return (PyType_GetFlags(Py_TYPE(thing)) & Py_TPFLAGS_HAVE_GC) != 0;
}

static inline void track_if(PyObject *node, PyObject *kept) {
    if (IS_VALUE(node) && !PyObject_GC_IsTracked(node) && may_hold(kept)) track(node);
}

static Node *blank_node(void) {
    Node *node = PyObject_GC_New(Node, ValueType);
    if (node == NULL) return NULL;
    node->data = 0.0;
    node->grad.bits = NONE_YET;
    node->where = 0;
    node->first = node->second = node->label = NULL;
    return node;
}

/* A leaf has None for a parent; one of a subclass from when its __init__ has called Value's. */
static PyObject *Value_alloc(PyTypeObject *type, Py_ssize_t unused) {
    if (type != ValueType) return PyType_GenericAlloc(type, unused);
    Node *node = blank_node();
    if (node != NULL) node->first = Py_NewRef(Py_None);
    return (PyObject *)node;
}

static inline int is_made(const Node *node) { return node->where != 0 || node->first != NULL; }

static Block *new_block(Py_ssize_t count) {
    Block *block = PyMem_Malloc(sizeof(Block) + (size_t)count * (sizeof(PyObject *) + sizeof(double)));
    if (block == NULL) { PyErr_NoMemory(); return NULL; }
    block->count = count;
    block->partials = (double *)(block->parents + count);
    return block;
}

/* ---- How it goes: a chain of a million nodes is freed in a loop --------------------------------- */

static void let_go(PyObject *parent, Node **doomed) {
    if (parent == NULL) return;
    if (!IS_VALUE(parent) || Py_REFCNT(parent) != 1) { Py_DECREF(parent); return; }
    if (any_tracked) PyObject_GC_UnTrack(parent); /* nobody else has it */
    ((Node *)parent)->grad.next = *doomed;
    *doomed = (Node *)parent;
}

static void empty(Node *node, Node **doomed) {
    Block *block = block_of(node);
    PyObject *layout = layout_of(node), *first = block == NULL ? node->first : NULL, *second = node->second;
    node->where = 0;
    node->first = node->second = NULL;
    for (Py_ssize_t i = 0; block != NULL && i < block->count; i++) let_go(block->parents[i], doomed);
    PyMem_Free(block);
    let_go(first, doomed);
    let_go(second, doomed);
    Py_XDECREF(layout);
}

static void free_doomed(Node *doomed) {
    while (doomed != NULL) {
        Node *node = doomed;
        doomed = node->grad.next;
        empty(node, &doomed);
        Py_XDECREF(node->label);
        PyObject_GC_Del(node);
        Py_DECREF(ValueType);
    }
}

static void Value_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    Node *doomed = NULL;
    PyObject_GC_UnTrack(self);
    if (type == ValueType) {
        ((Node *)self)->grad.next = NULL;
        doomed = (Node *)self;
    } else {
        empty((Node *)self, &doomed);
        Py_XDECREF(((Node *)self)->label);
        PyObject_GC_Del(self);
        Py_DECREF(type);
    }
    free_doomed(doomed);
}

static int Value_traverse(PyObject *self, visitproc visit, void *arg) {
    Node *node = (Node *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(node->label);
    Py_VISIT(layout_of(node));
    Py_VISIT(node->second);
    if (shape_of(node) != BLOCK) Py_VISIT(node->first);
    Block *block = block_of(node);
    for (Py_ssize_t i = 0; block != NULL && i < block->count; i++) Py_VISIT(block->parents[i]);
    return 0;
}

static int Value_clear(PyObject *self) {
    Node *doomed = NULL;
    empty((Node *)self, &doomed);
    Py_CLEAR(((Node *)self)->label);
    free_doomed(doomed);
    return 0;
}

/* ---- Recording an operation --------------------------------------------------------------------- */

enum { MOST = 4 };                 /* inputs and attributes, or lists, of one operation */

/* Computes y and the wanted partials from the inputs and attributes; says whether Python would have signalled. */
typedef int (*Kernel)(const double *x, double *y, double *by);
typedef int (*ListKernel)(const double *const *x, const Py_ssize_t *n, const char *plain, double *y, double *by);

typedef struct {
    const char *name;
    int inputs, attributes, defaults; /* how many; the last attributes have defaults */
    double default_values[MOST];
    Kernel all, by_left, by_right;    /* the latter of two inputs: the other one is a constant */
    ListKernel lists;
    PyObject *op, *python, *reflected, *in_place, *layouts[KINDS];
} Record;

/* Where Python would signal. What is returned nobody looks at; nothing may raise a flag of the processor that Python
   does not raise, too: NumPy warns of it, where operations run on its arrays. */
static inline double signalled(int *bad) { *bad = 1; return 1.0; }
static inline double quotient(double a, double b, int *bad) { return b == 0.0 ? signalled(bad) : a / b; }
static inline int is_finite(double a) { return isfinite(a) != 0; }
static inline double checked(double y, int *bad) { return is_finite(y) ? y : signalled(bad); }
static inline double larger(double a, double b) { return b > a ? b : a; }
static inline double smaller(double a, double b) { return b < a ? b : a; }

/* Python's % and //, as the language reference defines them for floats. */
static inline double remainder_of(double a, double b, int *bad) {
    if (b == 0.0) return signalled(bad);
    double rest = fmod(a, b);
    if (rest == 0.0) return copysign(0.0, b);
    return checked((b < 0.0) != (rest < 0.0) ? rest + b : rest, bad);
}
static inline double floor_quotient(double a, double b, int *bad) {
    if (b == 0.0) return signalled(bad);
    double rest = fmod(a, b), times = (a - rest) / b;
    if (rest != 0.0 && (b < 0.0) != (rest < 0.0)) times -= 1.0;
    if (times == 0.0) return copysign(0.0, a / b);
    double whole = floor(times);
    return checked(times - whole > 0.5 ? whole + 1.0 : whole, bad);
}

static inline double index_of(const double *numbers, Py_ssize_t count, double wanted, int *bad) {
    for (Py_ssize_t i = 0; i < count; i++) if (numbers[i] == wanted) return (double)i;
    *bad = 1;
    return 0.0;
}

/* Divides partials that add up to 1 by their sum. */
static inline void share_out(double *by, Py_ssize_t count, int *bad) {
    double total = by[0];
    for (Py_ssize_t i = 1; i < count; i++) total += by[i];
    for (Py_ssize_t i = 0; is_finite(total) && i < count; i++) by[i] = quotient(by[i], total, bad);
}

static inline int number_of(PyObject *thing, double *number) {
    if (Py_IS_TYPE(thing, &PyFloat_Type)) { *number = PyFloat_AsDouble(thing); return 1; }
    if (!Py_IS_TYPE(thing, &PyLong_Type)) return 0;
    *number = PyLong_AsDouble(thing);
    if (*number != -1.0 || !PyErr_Occurred()) return 1;
    PyErr_Clear();
    return 0;
}

static inline PyObject *new_node(double y, PyObject *layout, int shape, PyObject *first, PyObject *second) {
    Node *node = PyObject_GC_New(Node, ValueType);
    if (node == NULL) return NULL;
    node->data = y;
    node->grad.bits = NONE_YET;
    node->where = (uintptr_t)Py_NewRef(layout) | (uintptr_t)shape;
    node->first = Py_NewRef(first);
    node->second = Py_XNewRef(second);
    node->label = NULL;
    if (may_hold(first) || (second != NULL && may_hold(second))) track((PyObject *)node);
    return (PyObject *)node;
}

/* What an operation gives while a mode is on, if that is no_grad alone: a leaf; else NULL. */
static PyObject *unrecorded(double y) {
    PyObject *leaf = NULL, *alone = PyObject_CallFunctionObjArgs(only_computes, NULL);
    if (alone == Py_True && (leaf = (PyObject *)blank_node()) != NULL) {
        ((Node *)leaf)->data = y;
        ((Node *)leaf)->first = Py_NewRef(NO_GRAPH);
    }
    Py_XDECREF(alone);
    return leaf;
}

/* Like all that follow: the node, or NULL, with an error or where it is left to Python. */
static PyObject *record_one(const Record *record, PyObject *a, PyObject *const *given, Py_ssize_t count) {
    double x[MOST], y, by;
    int missing = record->attributes - (int)count;
    if (!IS_VALUE(a) || missing < 0 || missing > record->defaults) return NULL;
    x[0] = DATA(a);
    for (int i = 0; i < record->attributes; i++) {
        if (i >= count) x[i + 1] = record->default_values[i];
        else if (Py_IS_TYPE(given[i], &PyFloat_Type)) x[i + 1] = PyFloat_AsDouble(given[i]);
        else return NULL;
    }
    if (record->all(x, &y, &by)) return NULL;
    if (modes) return unrecorded(y);
    PyObject *kept = record->attributes ? PyTuple_New(record->attributes) : NULL;
    for (int i = 0; kept != NULL && i < record->attributes; i++) {
        PyObject *number = PyFloat_FromDouble(x[i + 1]);
        if (number != NULL) PyTuple_SetItem(kept, i, number);
        else Py_CLEAR(kept);
    }
    if (record->attributes && kept == NULL) return NULL;
    PyObject *made = new_node(y, record->layouts[ONE], SINGLE, a, NULL);
    if (made != NULL) {
        ((Node *)made)->second = kept; /* a tuple of floats: no part of a cycle */
        ((Node *)made)->by_first = by;
    } else {
        Py_XDECREF(kept);
    }
    return made;
}

static inline PyObject *record_two(const Record *record, PyObject *a, PyObject *b) {
    double x[2], y, by[2];
    PyObject *made;
    if (IS_VALUE(a) && IS_VALUE(b)) {
        x[0] = DATA(a);
        x[1] = DATA(b);
        if (record->all(x, &y, by)) return NULL;
        if (modes) return unrecorded(y);
        made = new_node(y, record->layouts[TWO], PAIR, a, b);
    } else if (IS_VALUE(a) && number_of(b, &x[1])) {
        x[0] = DATA(a);
        by[1] = x[1];
        if (record->by_left(x, &y, by)) return NULL;
        if (modes) return unrecorded(y);
        made = new_node(y, record->layouts[CONSTANT_RIGHT], WITH_CONSTANT, a, NULL);
    } else if (IS_VALUE(b) && number_of(a, &x[0])) {
        x[1] = DATA(b);
        by[1] = x[0];
        if (record->by_right(x, &y, by)) return NULL;
        if (modes) return unrecorded(y);
        made = new_node(y, record->layouts[CONSTANT_LEFT], WITH_CONSTANT, b, NULL);
    } else {
        return NULL;
    }
    if (made == NULL) return NULL;
    ((Node *)made)->by_first = by[0];
    ((Node *)made)->by_second = by[1];
    return made;
}

/* Makes a node with a list of parents, which are not filled in yet, nor their partials. */
static Node *new_node_of_many(PyObject *layout, Py_ssize_t parents) {
    Block *block = new_block(parents);
    if (block == NULL) return NULL;
    Node *node = blank_node();
    if (node == NULL) { PyMem_Free(block); return NULL; }
    for (Py_ssize_t i = 0; i < parents; i++) block->parents[i] = NULL;
    node->where = (uintptr_t)Py_NewRef(layout) | BLOCK;
    node->block = block;
    return node;
}

static PyObject *given_up(Node *node) { Py_DECREF((PyObject *)node); return NULL; }

static PyObject *record_many(const Record *record, PyObject *const *args, Py_ssize_t count) {
    double x[MOST], y, by[MOST];
    int parents = 0;
    if (count != record->inputs || record->attributes) return NULL;
    for (int i = 0; i < count; i++) {
        if (IS_VALUE(args[i])) { x[i] = DATA(args[i]); parents++; }
        else if (!number_of(args[i], &x[i])) return NULL;
    }
    if (parents == 0 || record->all(x, &y, by)) return NULL;
    if (modes) return unrecorded(y);
    Node *node = new_node_of_many(record->layouts[MANY], parents);
    if (node == NULL) return NULL;
    node->data = y;
    if ((node->second = PyTuple_New(count)) == NULL) return given_up(node);
    for (int i = 0, at = 0; i < count; i++) {
        PyObject *kept = IS_VALUE(args[i]) ? Py_NewRef(args[i]) : PyFloat_FromDouble(x[i]);
        if (kept == NULL) return given_up(node);
        PyTuple_SetItem(node->second, i, kept);
        if (!IS_VALUE(args[i])) continue;
        node->block->partials[at] = by[i];
        node->block->parents[at++] = Py_NewRef(args[i]);
        track_if((PyObject *)node, args[i]);
    }
    return (PyObject *)node;
}

/* ---- What Python calls --------------------------------------------------------------------------- */

/* Calls a function with the first argument, unless it is NULL, and the others. */
static PyObject *left_to_python(PyObject *function, PyObject *first, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    if (PyErr_Occurred()) return NULL;
    if (function == NULL) { PyErr_SetString(PyExc_ImportError, "the package did not load this engine in C"); return NULL; }
    Py_ssize_t before = first != NULL;
    PyObject *positional = PyTuple_New(before + count), *named = names == NULL ? NULL : PyDict_New(), *result = NULL;
    if (positional == NULL || (names != NULL && named == NULL)) goto done;
    if (first != NULL) PyTuple_SetItem(positional, 0, Py_NewRef(first));
    for (Py_ssize_t i = 0; i < count; i++) PyTuple_SetItem(positional, before + i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_Size(names); i++)
        if (PyDict_SetItem(named, PyTuple_GetItem(names, i), args[count + i])) goto done;
    result = PyObject_Call(function, positional, named);
done:
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return result;
}

static PyObject *call(const Record *record, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    PyObject *made = NULL;
    if (names == NULL) {
        if (record->inputs == 1 && count >= 1) made = record_one(record, args[0], args + 1, count - 1);
        else if (record->inputs == 2 && count == 2) made = record_two(record, args[0], args[1]);
        else made = record_many(record, args, count);
    }
    return made != NULL ? made : left_to_python(record->python, NULL, args, count, names);
}

static PyObject *call_method(const Record *record, PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    PyObject *made = names == NULL ? record_one(record, self, args, count) : NULL;
    return made != NULL ? made : left_to_python(record->python, self, args, count, names);
}

static PyObject *operator_on_one(const Record *record, PyObject *a) {
    PyObject *made = record_one(record, a, NULL, 0);
    return made != NULL ? made : left_to_python(record->python, a, NULL, 0, NULL);
}

static PyObject *operator_on_two(const Record *record, PyObject *a, PyObject *b) {
    PyObject *made = record_two(record, a, b);
    if (made != NULL) return made;
    if (ANY_VALUE(a)) return left_to_python(record->python, a, &b, 1, NULL);
    return left_to_python(record->reflected, b, &a, 1, NULL);
}

static PyObject *power_operator(const Record *record, PyObject *a, PyObject *b, PyObject *modulus) {
    if (modulus == Py_None) return operator_on_two(record, a, b);
    if (!ANY_VALUE(a)) return Py_NewRef(Py_NotImplemented);
    PyObject *others[] = {b, modulus};
    return left_to_python(record->python, a, others, 2, NULL);
}

/* x += ... ; that of a leaf with a gradient may be meant for its .data, which Python looks into. */
static PyObject *operator_in_place(const Record *record, PyObject *a, PyObject *b) {
    Node *node = (Node *)a;
    if (record->in_place == NULL) return operator_on_two(record, a, b);
    if (IS_VALUE(a) && (IS_VALUE(b) || node->where != 0 || node->grad.bits == NONE_YET)) {
        PyObject *made = record_two(record, a, b);
        if (made != NULL) return made;
    }
    return left_to_python(record->in_place, a, &b, 1, NULL);
}

/* Python asks a subclass twice for x += ..., the second time as if x were a list: then NotImplemented would be the sum. */
static PyObject *addition_in_place(const Record *record, PyObject *a, PyObject *b) {
    PyObject *made = operator_in_place(record, a, b);
    if (made != Py_NotImplemented || IS_VALUE(a)) return made;
    Py_DECREF(made);
    return PyNumber_Add(a, b);
}

static PyObject *power_in_place(const Record *record, PyObject *a, PyObject *b, PyObject *modulus) {
    (void)modulus; /* **= has none */
    return operator_in_place(record, a, b);
}

#include "operations.h"

/* ---- Operations on lists ----------------------------------------------------------------------- */

typedef struct {
    const Record *record;
    Py_ssize_t lengths[MOST];
    PyObject *layout;
} KnownLayout;

static KnownLayout known_layouts[64];

/* The Layout for these lengths (-1 for plain numbers), which Python makes once; a new reference. */
static PyObject *layout_for(const Record *record, const Py_ssize_t *lengths) {
    size_t hash = (size_t)(record - records);
    for (int i = 0; i < record->inputs; i++) hash = hash * 1000003u + (size_t)lengths[i];
    KnownLayout *known = &known_layouts[(hash ^ (hash >> 7)) % 64];
    int same = known->layout != NULL && known->record == record;
    for (int i = 0; same && i < record->inputs; i++) same = known->lengths[i] == lengths[i];
    if (same) return Py_NewRef(known->layout);
    PyObject *key = PyTuple_New(record->inputs);
    if (key == NULL) return NULL;
    for (int i = 0; i < record->inputs; i++)
        PyTuple_SetItem(key, i, lengths[i] < 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(lengths[i]));
    PyObject *made = PyErr_Occurred() ? NULL : PyObject_CallFunctionObjArgs(list_layout, record->op, key, NULL);
    Py_DECREF(key);
    if (made == NULL) return NULL;
    PyObject *old = known->layout;
    known->layout = Py_NewRef(made);
    known->record = record;
    for (int i = 0; i < record->inputs; i++) known->lengths[i] = lengths[i];
    Py_XDECREF(old);
    return made;
}

static inline Py_ssize_t length_of(PyObject *list) { return PyList_CheckExact(list) ? PyList_Size(list) : PyTuple_Size(list); }
static inline PyObject *item_of(PyObject *list, Py_ssize_t i) {
    return PyList_CheckExact(list) ? PyList_GetItem(list, i) : PyTuple_GetItem(list, i);
}

/* Copies the lists of plain numbers, which the node keeps; this may run code of Python, as all that makes a tuple. */
static int copy_plain(Node *node, PyObject **lists, int count, const char *plain, int plains) {
    if (plains && (node->second = PyTuple_New(plains)) == NULL) return -1;
    for (int i = 0, at = 0; i < count; i++) {
        if (!plain[i]) continue;
        lists[i] = PySequence_Tuple(lists[i]);
        if (lists[i] == NULL || PyTuple_SetItem(node->second, at++, lists[i])) return -1;
    }
    return 0;
}

/* Reads lists that hold Values alone or floats alone, and fills in the parents; says whether they are such. */
static int read_lists(Node *node, PyObject **lists, int count, double *numbers, const double **x, const Py_ssize_t *n, const char *plain) {
    PyObject **parent = node->block->parents;
    for (int i = 0; i < count; i++) {
        if (length_of(lists[i]) != n[i]) return 0;
        x[i] = numbers;
        for (Py_ssize_t k = 0; k < n[i]; k++) {
            PyObject *item = item_of(lists[i], k);
            if (plain[i] ? !Py_IS_TYPE(item, &PyFloat_Type) : !IS_VALUE(item)) return 0;
            *numbers++ = plain[i] ? PyFloat_AsDouble(item) : DATA(item);
            if (!plain[i]) *parent++ = Py_NewRef(item);
        }
    }
    return 1;
}

static PyObject *record_checked_lists(const Record *record, PyObject *given) {
    enum { SHORT = 256 };
    double few[SHORT], *numbers = few, y;
    const double *x[MOST];
    PyObject *lists[MOST];
    Py_ssize_t n[MOST], lengths[MOST], total = 0, parents = 0;
    char plain[MOST];
    int plains = 0;
    for (int i = 0; i < record->inputs; i++) {
        PyObject *list = lists[i] = PyTuple_GetItem(given, i);
        if ((!PyList_CheckExact(list) && !PyTuple_CheckExact(list)) || (n[i] = length_of(list)) == 0) return NULL;
        plain[i] = (char)Py_IS_TYPE(item_of(list, 0), &PyFloat_Type);
        lengths[i] = plain[i] ? -1 : n[i];
        total += n[i];
        parents += plain[i] ? 0 : n[i];
        plains += plain[i];
    }
    if (parents == 0) return NULL;
    PyObject *layout = layout_for(record, lengths);
    Node *node = layout == NULL ? NULL : new_node_of_many(layout, parents);
    Py_XDECREF(layout);
    if (node == NULL) return NULL;
    if (copy_plain(node, lists, record->inputs, plain, plains)) return given_up(node);
    if (total > SHORT && (numbers = PyMem_Malloc((size_t)total * sizeof(double))) == NULL) PyErr_NoMemory();
    int fine = numbers != NULL && read_lists(node, lists, record->inputs, numbers, x, n, plain)
               && !record->lists(x, n, plain, &y, node->block->partials);
    if (numbers != few) PyMem_Free(numbers);
    if (!fine) return given_up(node);
    if (modes) { given_up(node); return unrecorded(y); }
    node->data = y;
    for (Py_ssize_t i = 0; i < parents; i++)
        if (may_hold(node->block->parents[i])) { track((PyObject *)node); break; }
    return (PyObject *)node;
}

/* record_lists(op, lists, attributes) */
static PyObject *record_lists(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    const Record *record = records;
    (void)module;
    if (count == 3) {
        while (record->name != NULL && (record->lists == NULL || record->op != args[0])) record++;
        if (record->name != NULL && PyTuple_CheckExact(args[1]) && PyTuple_Size(args[1]) == record->inputs) {
            PyObject *made = record_checked_lists(record, args[1]);
            if (made != NULL) return made;
        }
    }
    return left_to_python(slow_lists, NULL, args, count, NULL);
}

/* ---- What Python sees of a node ---------------------------------------------------------------- */

enum { FIRST, SECOND };            /* also: the data, the gradient */

static PyObject *lacks(PyObject *self, const char *name) {
    PyObject *type = PyType_GetName(Py_TYPE(self));
    if (type != NULL) PyErr_Format(PyExc_AttributeError, "'%U' object has no attribute '%s'", type, name);
    Py_XDECREF(type);
    return NULL;
}

static PyObject *get_raw(PyObject *self, void *which) {
    Node *node = (Node *)self;
    if (!is_made(node)) return lacks(self, which ? "_grad" : "_data");
    if (which == NULL) return PyFloat_FromDouble(node->data);
    return node->grad.bits == NONE_YET ? Py_NewRef(NO_GRADIENT) : PyFloat_FromDouble(node->grad.number);
}

static int refuse_deletion(PyObject *thing) {
    if (thing == NULL) PyErr_SetString(PyExc_AttributeError, "a Value keeps what it holds");
    return thing == NULL;
}

static int set_raw(PyObject *self, PyObject *thing, void *which) {
    Node *node = (Node *)self;
    if (refuse_deletion(thing)) return -1;
    double number = PyFloat_AsDouble(thing);
    if (number == -1.0 && PyErr_Occurred()) return -1;
    if (which == NULL) node->data = number;
    else if (thing == NO_GRADIENT) node->grad.bits = NONE_YET;
    else node->grad.number = number == number ? number : Py_NAN;
    return 0;
}

static PyObject *get_number(PyObject *self, void *which) {
    if (tracers) return PyObject_CallFunctionObjArgs(slow_data[which ? 2 : 0], self, NULL);
    return get_raw(self, which);
}

static int set_number(PyObject *self, PyObject *thing, void *which) {
    if (refuse_deletion(thing)) return -1;
    double number;
    if (!tracers && Py_IS_TYPE(thing, &PyFloat_Type)) return set_raw(self, thing, which);
    if (!tracers && number_of(thing, &number)) {
        if (which == NULL) ((Node *)self)->data = number;
        else ((Node *)self)->grad.number = number;
        return 0;
    }
    PyObject *done = PyObject_CallFunctionObjArgs(slow_data[which ? 3 : 1], self, thing, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *get_label(PyObject *self, void *unused) {
    PyObject *label = ((Node *)self)->label;
    (void)unused;
    return label == NULL ? lacks(self, "_label") : Py_NewRef(label);
}

static int set_label(PyObject *self, PyObject *label, void *unused) {
    PyObject *old = ((Node *)self)->label;
    (void)unused;
    ((Node *)self)->label = Py_XNewRef(label);
    Py_XDECREF(old);
    if (label != NULL) track_if(self, label);
    return 0;
}

static PyObject *get_layout(PyObject *self, void *unused) {
    PyObject *layout = layout_of((Node *)self);
    (void)unused;
    if (!is_made((Node *)self)) return lacks(self, "_layout");
    return Py_NewRef(layout == NULL ? Py_None : layout);
}

static int set_layout(PyObject *self, PyObject *layout, void *unused) {
    Node *node = (Node *)self, *doomed = NULL;
    int kind = 0;
    (void)unused;
    if (refuse_deletion(layout)) return -1;
    if (layout != Py_None) {
        PyObject *name = PyObject_GetAttrString(layout, "kind");
        if (name == NULL) return -1;
        while (kind < KINDS && PyUnicode_CompareWithASCIIString(name, KIND_NAMES[kind]) != 0) kind++;
        Py_DECREF(name);
        if (kind == KINDS) { PyErr_SetString(PyExc_ValueError, "a layout of no known kind"); return -1; }
    }
    empty(node, &doomed);
    node->by_first = node->by_second = 0.0;
    if (layout == Py_None) node->first = Py_NewRef(Py_None);
    else node->where = (uintptr_t)Py_NewRef(layout) | (uintptr_t)SHAPES[kind];
    free_doomed(doomed);
    return 0;
}

/* Appends what was made for it to a list, unless it is NULL; runs no code of Python. */
static int append(PyObject *list, PyObject *item) {
    int failed = item == NULL || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed;
}

/* Lists the parents in a Block, or the partials; making the list may run code of Python, which may change the node. */
static PyObject *list_of(const Node *node, int partials) {
    PyObject *list = PyList_New(0);
    const Block *block = block_of(node);
    for (Py_ssize_t i = 0; list != NULL && block != NULL && i < block->count; i++)
        if (append(list, partials ? PyFloat_FromDouble(block->partials[i]) : Py_NewRef(block->parents[i]))) Py_CLEAR(list);
    return list;
}

static PyObject *get_parent(PyObject *self, void *which) {
    Node *node = (Node *)self;
    int shape = shape_of(node), is_list = shape == BLOCK;
    if (which != NULL && is_list) return Py_NewRef(MANY_PARENTS);
    if (which != NULL && node->where != 0) return Py_NewRef(shape == PAIR && node->second ? node->second : Py_None);
    if (node->first == NULL || node->first == Py_None || which != NULL) return lacks(self, which ? "_second" : "_first");
    return is_list ? list_of(node, 0) : Py_NewRef(node->first);
}

static int set_parents(Node *node, PyObject *list) {
    Py_ssize_t count = PyList_Check(list) ? PyList_Size(list) : -1;
    for (Py_ssize_t i = 0; i < count; i++) if (!ANY_VALUE(PyList_GetItem(list, i))) count = -1;
    if (count < 0 || node->block != NULL) { PyErr_SetString(PyExc_TypeError, "parents are a list of Values, set once"); return -1; }
    Block *block = new_block(count);
    if (block == NULL) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        block->parents[i] = Py_NewRef(PyList_GetItem(list, i));
        block->partials[i] = 0.0;
        track_if((PyObject *)node, block->parents[i]);
    }
    node->block = block;
    return 0;
}

static int set_parent(PyObject *self, PyObject *parent, void *which) {
    Node *node = (Node *)self;
    if (refuse_deletion(parent)) return -1;
    if (shape_of(node) == BLOCK) return which == NULL ? set_parents(node, parent) : 0;
    if (which != NULL && parent == Py_None) return 0;
    if (node->where != 0 && !ANY_VALUE(parent)) { PyErr_SetString(PyExc_TypeError, "a parent is a Value"); return -1; }
    PyObject **place = which == NULL ? &node->first : &node->second, *old = *place;
    *place = Py_NewRef(parent);
    track_if(self, parent);
    Py_XDECREF(old);
    return 0;
}

static PyObject *get_partial(PyObject *self, void *which) {
    Node *node = (Node *)self;
    int shape = shape_of(node);
    if (node->where == 0) return lacks(self, which ? "_second_partial" : "_first_partial");
    if (which != NULL && (shape == SINGLE || shape == BLOCK)) return Py_NewRef(node->second ? node->second : Py_None);
    if (shape == BLOCK) return list_of(node, 1);
    return PyFloat_FromDouble(which == NULL ? node->by_first : node->by_second);
}

/* To read a number may run code of Python, which may change the list or the node: both are looked at again. */
static int set_partials(Node *node, PyObject *list) {
    Py_ssize_t count = PyList_Check(list) ? PyList_Size(list) : -1, i = 0;
    double number = 0.0;
    Block *block;
    for (; (block = block_of(node)) != NULL && block->count == count && PyList_Size(list) == count; i++) {
        if (i > 0) block->partials[i - 1] = number;
        if (i == count) return 0;
        PyObject *item = Py_NewRef(PyList_GetItem(list, i));
        number = PyFloat_AsDouble(item);
        Py_DECREF(item);
        if (number == -1.0 && PyErr_Occurred()) return -1;
    }
    PyErr_SetString(PyExc_TypeError, "as many partials as parents, in a list");
    return -1;
}

static int set_partial(PyObject *self, PyObject *thing, void *which) {
    Node *node = (Node *)self;
    int shape = shape_of(node);
    if (refuse_deletion(thing)) return -1;
    if (which != NULL && (shape == SINGLE || shape == BLOCK)) {
        PyObject *old = node->second;
        node->second = thing == Py_None ? NULL : Py_NewRef(thing);
        track_if(self, thing);
        Py_XDECREF(old);
        return 0;
    }
    if (shape == BLOCK) return set_partials(node, thing);
    double number = PyFloat_AsDouble(thing);
    if (number == -1.0 && PyErr_Occurred()) return -1;
    if (which == NULL) node->by_first = number; else node->by_second = number;
    return 0;
}

static PyGetSetDef attributes[] = {
    {"data", get_number, set_number, DATA_DOC, NULL}, {"grad", get_number, set_number, GRAD_DOC, (void *)SECOND},
    {"_data", get_raw, set_raw, NULL, NULL}, {"_grad", get_raw, set_raw, NULL, (void *)SECOND},
    {"_label", get_label, set_label, NULL, NULL}, {"_layout", get_layout, set_layout, NULL, NULL},
    {"_first", get_parent, set_parent, NULL, NULL}, {"_second", get_parent, set_parent, NULL, (void *)SECOND},
    {"_first_partial", get_partial, set_partial, NULL, NULL},
    {"_second_partial", get_partial, set_partial, NULL, (void *)SECOND}, {NULL, NULL, NULL, NULL, NULL}};

static int Value_init(PyObject *self, PyObject *args, PyObject *named) {
    Node *node = (Node *)self;
    double number;
    if (named == NULL && PyTuple_Size(args) == 1 && number_of(PyTuple_GetItem(args, 0), &number)) {
        node->data = number;
        node->grad.bits = NONE_YET;
        if (node->where == 0 && node->first == Py_None) return 0;
        return set_layout(self, Py_None, NULL);
    }
    PyObject *alone = PyTuple_Pack(1, self), *all = alone == NULL ? NULL : PySequence_Concat(alone, args);
    PyObject *done = all == NULL ? NULL : PyObject_Call(slow_init, all, named);
    Py_XDECREF(alone);
    Py_XDECREF(all);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* ---- The sweep: in the order of sweep.py -------------------------------------------------------- */

typedef struct { Node **at; Py_ssize_t count, room; } Stack;
typedef struct { Stack waiting, leaves, order; } Walk; /* order: the inner nodes, parents first */

enum { TO_BE_LISTED = 1 };         /* the mark, on what waits, of a node whose parents wait above it */

static inline Node *unmarked(Node *node) { return (Node *)((uintptr_t)node & ~(uintptr_t)TO_BE_LISTED); }
static inline void forget(Node *node) { unmarked(node)->where &= ~(uintptr_t)SEEN; }
static void forget_all(Stack *stack) { for (Py_ssize_t i = 0; i < stack->count; i++) forget(stack->at[i]); }
static inline int seen(const Node *node) { return (node->where & SEEN) != 0; }
static inline int is_leaf(const Node *node) { return layout_of(node) == NULL || node->first == NULL; }

static int grow(Stack *stack) {
    Py_ssize_t room = stack->room ? 2 * stack->room : 1024;
    Node **at = PyMem_Realloc(stack->at, (size_t)room * sizeof(Node *));
    if (at == NULL) return -1;
    stack->at = at;
    stack->room = room;
    return 0;
}

static inline int push(Stack *stack, Node *node) {
    if (stack->count == stack->room && grow(stack)) { forget(node); return -1; }
    stack->at[stack->count++] = node;
    return 0;
}

static inline int postpone(Walk *walk, Node *node) {
    return push(&walk->waiting, (Node *)((uintptr_t)node | TO_BE_LISTED));
}

static void end(Walk *walk) {
    PyMem_Free(walk->waiting.at);
    PyMem_Free(walk->leaves.at);
    PyMem_Free(walk->order.at);
    *walk = (Walk){0};
}

/* Lets the parents in a Block wait that are not seen yet, and their node below them; says how many there are, or -1. */
static Py_ssize_t wait_for_block(Walk *walk, Node *node) {
    Py_ssize_t count = 0;
    for (Py_ssize_t i = node->block->count - 1; i >= 0; i--) {
        Node *parent = (Node *)node->block->parents[i];
        if (seen(parent)) continue;
        if (!count++ && postpone(walk, node)) return -1;
        if (push(&walk->waiting, parent)) return -1;
    }
    return count;
}

/* Goes down along first parents from a node that is not yet seen. */
static int descend(Walk *walk, Node *node) {
    while (!seen(node)) {
        node->where |= SEEN;
        if (is_leaf(node)) return push(&walk->leaves, node);
        if (shape_of(node) == BLOCK) {
            Py_ssize_t waiting = wait_for_block(walk, node);
            return waiting == 0 ? push(&walk->order, node) : waiting < 0;
        }
        Node *first = (Node *)node->first, *second = shape_of(node) == PAIR ? (Node *)node->second : NULL;
        if (second == NULL || seen(second)) {
            if (seen(first)) return push(&walk->order, node);
            if (postpone(walk, node)) return -1;
        } else if (postpone(walk, node) || push(&walk->waiting, second)) {
            return -1;
        }
        node = first;
    }
    return 0;
}

/* Meets all nodes of a graph, leaves and inner nodes. */
static int walk_from(Node *output, Walk *walk) {
    int failed = push(&walk->waiting, output);
    while (!failed && walk->waiting.count) {
        Node *next = walk->waiting.at[--walk->waiting.count], *node = unmarked(next);
        failed = next != node ? push(&walk->order, node) : descend(walk, node);
    }
    forget_all(&walk->leaves);
    forget_all(&walk->order);
    if (!failed) return 0;
    forget_all(&walk->waiting);
    end(walk);
    PyErr_NoMemory();
    return -1;
}

/* Lets the gradient of each node be the derivative of the output; says whether all leaves' are finite. */
static int add_up(Walk *walk, Node *output, double seed) {
    for (Py_ssize_t i = 0; i < walk->leaves.count; i++) {
        Node *leaf = walk->leaves.at[i];
        leaf->by_first = leaf->grad.number;
        leaf->grad.number = 0.0;
    }
    for (Py_ssize_t i = 0; i < walk->order.count; i++) walk->order.at[i]->grad.number = 0.0;
    output->grad.number = seed;
    for (Py_ssize_t i = walk->order.count - 1; i >= 0; i--) {
        Node *node = walk->order.at[i];
        double upstream = node->grad.number;
        if (shape_of(node) == BLOCK) {
            Block *block = node->block;
            for (Py_ssize_t k = 0; k < block->count; k++)
                ((Node *)block->parents[k])->grad.number += upstream * block->partials[k];
        } else {
            ((Node *)node->first)->grad.number += upstream * node->by_first;
            if (shape_of(node) == PAIR && node->second != NULL)
                ((Node *)node->second)->grad.number += upstream * node->by_second;
        }
    }
    for (Py_ssize_t i = 0; i < walk->leaves.count; i++)
        if (!is_finite(walk->leaves.at[i]->grad.number)) return 0;
    return 1;
}

static int parse_output(PyObject *args, Node **output, double *seed) {
    if (!PyArg_ParseTuple(args, "O|d", output, seed)) return -1;
    if (ANY_VALUE(*output)) return 0;
    PyErr_SetString(PyExc_TypeError, "a Value is differentiated");
    return -1;
}

/* sweep(output, seed): whether it was done; where a leaf's gradient is not finite the leaves are as before. */
static PyObject *sweep(PyObject *module, PyObject *args) {
    Node *output;
    double seed = 1.0;
    Walk walk = {0};
    (void)module;
    if (parse_output(args, &output, &seed) || walk_from(output, &walk)) return NULL;
    int done = add_up(&walk, output, seed);
    for (Py_ssize_t i = 0; i < walk.leaves.count; i++) {
        Node *leaf = walk.leaves.at[i];
        union { double number; uint64_t bits; } before = {leaf->by_first};
        if (!done) leaf->grad.number = before.number;
        else leaf->grad.number += before.bits == NONE_YET ? 0.0 : before.number;
    }
    end(&walk);
    return PyBool_FromLong(done);
}

/* Appends nodes to a list. */
static int list_nodes(PyObject *list, const Stack *nodes) {
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < nodes->count; i++) failed = append(list, Py_NewRef((PyObject *)nodes->at[i]));
    return failed;
}

/* Appends the derivative by each leaf to a list; gives them the gradients back that they had. */
static int list_derivatives(PyObject *list, const Stack *leaves) {
    int failed = 0;
    for (Py_ssize_t i = 0; i < leaves->count; i++) {
        failed = failed || append(list, PyFloat_FromDouble(leaves->at[i]->grad.number));
        leaves->at[i]->grad.number = leaves->at[i]->by_first;
    }
    return failed;
}

/* Lists the leaves, and the inner nodes or the derivative by each leaf. First come the lists: making them may run
   code of Python, which may change the graph; the rest runs none. */
static PyObject *two_lists(PyObject *args, int derivatives) {
    Node *output;
    double seed = 1.0;
    Walk walk = {0};
    if (parse_output(args, &output, &seed)) return NULL;
    PyObject *leaves = PyList_New(0), *others = PyList_New(0);
    int failed = leaves == NULL || others == NULL || walk_from(output, &walk);
    if (!failed && derivatives) add_up(&walk, output, seed);
    if (!failed) failed = derivatives ? list_derivatives(others, &walk.leaves) : list_nodes(others, &walk.order);
    if (!failed) failed = list_nodes(leaves, &walk.leaves);
    end(&walk);
    if (failed) Py_CLEAR(leaves);
    return Py_BuildValue("(NN)", leaves, others);
}

/* gradients(output): the leaves, whose gradients stay as they are, and the derivative by each. */
static PyObject *gradients(PyObject *module, PyObject *args) { (void)module; return two_lists(args, 1); }

/* topological_order(output): the leaves, and the inner nodes so that each follows its parents. */
static PyObject *topological_order(PyObject *module, PyObject *args) { (void)module; return two_lists(args, 0); }

#include "tape.c"

/* ---- Setting up -------------------------------------------------------------------------------- */

static PyMethodDef methods[] = {OPERATION_METHODS {NULL, NULL, 0, NULL}};
static PyType_Slot slots[] = {
    {Py_tp_alloc, Value_alloc}, {Py_tp_dealloc, Value_dealloc}, {Py_tp_traverse, Value_traverse},
    {Py_tp_clear, Value_clear}, {Py_tp_init, Value_init}, {Py_tp_getset, attributes},
    {Py_tp_methods, methods}, {Py_tp_doc, VALUE_DOC}, OPERATION_SLOTS {0, NULL}};
static PyType_Spec spec = {
    "autograd_lite.engine.Value", sizeof(Node), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

/* make_value(base, (what stands for something), (data's getter and setter, grad's), (what is left to Python)) */
static PyObject *make_value(PyObject *module, PyObject *args) {
    PyObject *base, *marks[3], *getters[4], *left[4];
    (void)module;
    if (!PyArg_ParseTuple(args, "O(OOO)(OOOO)(OOOO)", &base, &marks[0], &marks[1], &marks[2], &getters[0], &getters[1],
                          &getters[2], &getters[3], &left[0], &left[1], &left[2], &left[3])) return NULL;
    if (ValueType != NULL) { PyErr_SetString(PyExc_ImportError, "the engine in C serves one interpreter"); return NULL; }
    PyObject *bases = PyTuple_Pack(1, base);
    PyObject *made = bases == NULL ? NULL : PyType_FromSpecWithBases(&spec, bases);
    Py_XDECREF(bases);
    if (made == NULL) return NULL;
    ValueType = (PyTypeObject *)Py_NewRef(made);
    NO_GRADIENT = Py_NewRef(marks[0]);
    NO_GRAPH = Py_NewRef(marks[1]);
    MANY_PARENTS = Py_NewRef(marks[2]);
    for (int i = 0; i < 4; i++) slow_data[i] = Py_NewRef(getters[i]);
    slow_init = Py_NewRef(left[0]);
    slow_lists = Py_NewRef(left[1]);
    list_layout = Py_NewRef(left[2]);
    only_computes = Py_NewRef(left[3]);
    return made;
}

/* connect(name, op, python, reflected, in_place, (a Layout or None for each kind but the last)) */
static PyObject *connect(PyObject *module, PyObject *args) {
    const char *name;
    PyObject *op, *python, *reflected, *in_place, *layouts;
    (void)module;
    if (!PyArg_ParseTuple(args, "sOOOOO!", &name, &op, &python, &reflected, &in_place, &PyTuple_Type, &layouts)) return NULL;
    for (Record *record = records; record->name != NULL; record++) {
        if (strcmp(record->name, name) != 0) continue;
        record->op = Py_NewRef(op);
        record->python = Py_NewRef(python);
        record->reflected = reflected == Py_None ? NULL : Py_NewRef(reflected);
        record->in_place = in_place == Py_None ? NULL : Py_NewRef(in_place);
        for (int i = 0; i < LISTS && i < PyTuple_Size(layouts); i++) record->layouts[i] = Py_NewRef(PyTuple_GetItem(layouts, i));
        Py_RETURN_NONE;
    }
    PyErr_SetString(PyExc_KeyError, name);
    return NULL;
}

static PyObject *set_modes(PyObject *module, PyObject *args) {
    (void)module;
    if (!PyArg_ParseTuple(args, "ii", &modes, &tracers)) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"sweep", sweep, METH_VARARGS, NULL}, {"gradients", gradients, METH_VARARGS, NULL},
    {"topological_order", topological_order, METH_VARARGS, NULL}, {"make_value", make_value, METH_VARARGS, NULL},
    {"record_lists", (PyCFunction)(void (*)(void))record_lists, METH_FASTCALL, NULL},
    {"connect", connect, METH_VARARGS, NULL}, {"set_modes", set_modes, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyMethodDef operations[] = {OPERATION_FUNCTIONS {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) {
    PyObject *module = PyModule_Create(&definition), *table = PyDict_New(), *names = PyList_New(0);
    PyObject *home = PyUnicode_FromString("autograd_lite.functions");
    if (module == NULL || table == NULL || names == NULL || home == NULL) return NULL;
    for (PyMethodDef *each = operations; each->ml_name != NULL; each++) {
        PyObject *function = PyCFunction_NewEx(each, NULL, home);
        if (function == NULL || PyDict_SetItemString(table, each->ml_name, function)) return NULL;
        Py_DECREF(function);
    }
    for (Record *record = records; record->name != NULL; record++) {
        PyObject *name = PyUnicode_FromString(record->name);
        if (name == NULL || PyList_Append(names, name)) return NULL;
        Py_DECREF(name);
    }
    Py_DECREF(home);
    PyObject *tape_type = PyType_FromSpec(&tape_spec);
    if (tape_type == NULL || PyModule_AddObject(module, "Tape", tape_type)) return NULL;
    if (PyModule_AddObject(module, "operations", table) || PyModule_AddObject(module, "names", names)) return NULL;
    if (PyModule_AddStringConstant(module, "fingerprint", FINGERPRINT)) return NULL;
    return module;
}
