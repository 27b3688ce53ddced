// What the scripts of the playground share: its data, and the programs that are written for each page.

/** Numbers that are drawn one below the other; a layer has weights, and for each neuron the rows of its products. */
interface Column {
  array: string;
  title: string;
  size: number;
  sources: number[];
  judged: { array: string; sums: string };
  sumsTitle?: string;
  reads: number;
  why: string;
  inputs: number[][];
  weights?: number[][];
  rows: [number, number][];
  biases: number[][];
  activation?: { name: string; written: string; slope: string; why: string };
}

interface Rule {
  name: string;
  rate: number;
  start: number[];
  decays: boolean;
  decay: number;
  code: string;
}

interface StepPage {
  packed: string;
  weights: (string | null)[] | null;
  inputs: (string | null)[];
  targets: (string | null)[];
}

interface PageData {
  X: number[][];
  y: number[][];
  test: { X: number[][]; y: number[][] } | null;
  single: { x: boolean; y: boolean };
  kind: "binary" | "classes" | "regression";
  labels: number[][];
  batch: number;
  view: "plane" | "line" | "image" | "table";
  side: number;
  brightest: number;
  colours: string[];
  weights: number[];
  names: string[];
  keys: string[];
  kept: Record<string, number>;
  columns: Column[];
  arrays: string[];
  outputs: number;
  rules: Rule[];
  pages: StepPage[];
  code: { model: string; loss: string };
}

type Numbers = ArrayLike<number>;
type Values = Record<string, Float64Array | undefined>;

interface Program {
  values: Values;
  adjoints: Values;
  outputs: Float64Array;
  held: boolean;
  forward(...row: (number | Numbers)[]): Float64Array;
  backward(share?: number): void;
  mean(columns: Numbers[], rows: Numbers): number;
  meanAndGradient(columns: Numbers[], rows: Numbers): number;
}

type Maker = (P: Float64Array, G: Float64Array, random: () => number) => Program;
declare const makeTraining: Maker;
declare const makeLoss: Maker;
declare const makeOutputs: Maker;
declare const makeJudge: Maker;
declare const moves: ((
  P: Float64Array, G: Float64Array, S: Float64Array[], rate: number, step: number, settings: { weight_decay: number },
) => void)[];
declare const slopes: (((y: number, a: number) => number) | null)[];

/** Examples in the form that programs take. */
interface Examples {
  x: Float64Array;
  y: Float64Array;
  count: number;
  rows: Int32Array;
}

/** What is remembered of a moment. */
interface Moment {
  epoch: number;
  loss: number;
  test: number;
  sizes: number[];
}

/** What the reader is looking at: an example, a neuron, and one of its weights (-1: its bias; null: none). */
interface Chosen {
  example: number;
  column: number;
  neuron: number;
  term: number | null;
}

/** A box of the drawing. */
interface Box {
  c: number;
  i: number;
  box: HTMLButtonElement;
  canvas: HTMLCanvasElement;
  x: number;
  y: number;
  size: number;
}

/** A line of the drawing: of which neuron's which product, and where the weight stands. */
interface Wire {
  path: Element;
  hit: Element;
  c: number;
  i: number;
  k: number;
  at: number;
  seen: string;
}

/** A line of an explanation: its kind, and its text. */
type Said = [kind: "" | "main" | "remark" | "heading", text: string];
type Pair = [number, number];
