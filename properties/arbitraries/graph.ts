/** Random programs: graphs of all operations with shared parts, several outputs and donated inputs. */
import fc from 'fast-check';
import { differentiate } from '../../src/dsl/transforms/differentiate.js';
import type { Distribution, Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { mapValues } from '../oracles/records.js';
import { showGraph } from '../oracles/text.js';
import { type Choices, choices, draws, numbers } from './choices.js';
import { broadcasted, flipped, sliced, transposed } from './movements.js';
import { type Declared, type Input, inputNodes, largeShape, showInput, anyShape } from './operationCase.js';
import { families, isContinuous, type Operand, type Operation } from './operations.js';

export interface GraphCase {
  readonly inputs: readonly Input[];
  readonly key: readonly [number, number];
  /** The inputs and the key, as a program declares them. */
  readonly declared: readonly Declared[];
  /** Builds the outputs by path, from the inputs and the key, in new nodes every time. */
  readonly build: (inputs: Readonly<Record<string, Node>>) => Readonly<Record<string, Node>>;
  /** The outputs over new inputs. */
  readonly graph: () => Readonly<Record<string, Node>>;
  /** The donated inputs. */
  readonly donate: readonly string[];
  /** The number of elements of working memory that each anchor needs. */
  readonly scratch: number;
}

type Family = keyof typeof families;

interface Step {
  readonly family: Family | 'random' | 'stopGradient';
  readonly operation: number;
  /** The distance of each operand back in the graph. */
  readonly back: readonly [number, number, number];
  readonly attributes: readonly number[];
  /** Movements between an operand and a kernel: 0 for none, 1… for one of {@link VIEWS}. */
  readonly views: readonly number[];
}

const WEIGHTS: Readonly<Record<Step['family'], number>> = {
  movements: 14,
  unaries: 3,
  binaries: 6,
  selections: 1,
  casts: 1,
  reductions: 4,
  positions: 2,
  indexing: 3,
  linear: 2,
  composites: 2,
  sources: 1,
  random: 1,
  stopGradient: 1,
};

/** Families of operations that read views, or need dense operands. */
const KERNELS: readonly Step['family'][] = ['linear', 'indexing', 'positions', 'reductions'];

/** Inverse movements are included: a view of a view may equal the original. */
const VIEWS: readonly ((c: Choices, x: Node) => Node)[] = [flipped, transposed, sliced, broadcasted];

/** Mostly the latest nodes, so that graphs are deep and little is left unused. */
const backwards = fc.oneof({ arbitrary: fc.nat(2), weight: 3 }, { arbitrary: fc.nat(20), weight: 1 });

const step: fc.Arbitrary<Step> = fc.record({
  // the entries of a record of families are families
  family: fc.oneof(
    ...Object.entries(WEIGHTS).map(([family, weight]) => ({ arbitrary: fc.constant(family as Step['family']), weight })), // oxfmt-ignore
  ),
  operation: fc.nat(999),
  back: fc.tuple(backwards, backwards, backwards),
  attributes: draws,
  views: fc.array(fc.nat(VIEWS.length), { minLength: 2, maxLength: 2 }),
});

interface Script {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly dtype: NumberType; readonly donated: boolean }[]; // oxfmt-ignore
  readonly steps: readonly Step[];
  readonly outputs: readonly number[];
  /** The index of the output to differentiate, if any. */
  readonly gradient: number | null;
  readonly update: number;
  readonly seed: number;
  /** True if inputs contain NaN, infinities and other extreme numbers. */
  readonly wild: boolean;
  readonly scratch: number;
}

const script = (shape: fc.Arbitrary<readonly number[]>): fc.Arbitrary<Script> =>
  fc.record({
    inputs: fc.array(
      fc.record({
        shape,
        dtype: fc.constantFrom('float32', 'float32', 'float32', 'float32', 'int32', 'bool'),
        donated: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    steps: fc.array(step, { maxLength: 24, size: 'max' }),
    outputs: fc.array(backwards, { minLength: 1, maxLength: 4 }),
    gradient: fc.option(backwards, { freq: 2 }),
    update: backwards,
    seed: fc.nat(),
    wild: fc.boolean(),
    scratch: fc.constantFrom(0, 5, 40),
  });

/** The maximum size of results; larger ones are left out of the graph to keep its evaluation fast. */
const largestOf = (inputs: readonly Node[]): number =>
  inputs.reduce((most, { shape }) => Math.max(most, 2 * sizeOf(shape)), 300);

const back = <A>(from: readonly A[], n: number): A => from[from.length - 1 - (n % from.length)]!;

/** An earlier node as an operand; if none has the dtype, an input is cast to it. */
const operandOf = (pool: readonly Node[], { dtype, domain }: Operand, n: number): Node => {
  const fitting = pool.filter((x) => x.dtype === dtype);
  const x = fitting.length > 0 ? back(fitting, n) : p.cast(pool[0]!, dtype);
  // away from zero, whose sign is unspecified and must not become that of an infinity
  return domain === 'nonzero' || domain === 'positive' ? p.shift(p.unary('abs', x), 0.5) : x;
};

const draw = (c: Choices, key: Node, at: number): Node => {
  const extents = Array.from({ length: c.nat(3) }, () => 1 + c.nat(4));
  const distribution = c.of<Distribution>(['normal', 'uniform', 'bits', 'permutation']);
  return p.random(distribution, p.deriveKey(key, [at, 7]), distribution === 'permutation' ? [5] : extents);
};

type Vocabulary = Readonly<Record<Family, readonly Operation[]>>;

const viewed = (x: Node, { views, attributes }: Step): Node =>
  views.reduce((at, n) => (n === 0 ? at : VIEWS[n - 1]!(choices(attributes), at)), x);

const nextNode = (words: Vocabulary, pool: readonly Node[], key: Node, step: Step, at: number): Node => {
  const { family, operation, attributes } = step;
  if (family === 'random') return draw(choices(attributes), key, at);
  if (family === 'stopGradient') return p.stopGradient(back(pool, operation));
  const { build, operands } = words[family][operation % words[family].length]!;
  const { dtype } = back(pool, step.back[0]) as { dtype: NumberType }; // keys are not in the pool
  const nodes = operands.map((operand, i) => {
    const x = operandOf(pool, family === 'movements' ? { ...operand, dtype } : operand, step.back[i]!);
    return KERNELS.includes(family) ? viewed(x, step) : x;
  });
  return build(choices(attributes), nodes);
};

const isInput = (n: Node): boolean => n.op === 'input';

const trace = (
  words: Vocabulary,
  { inputs, steps, outputs, gradient, update }: Script,
  nodes: Readonly<Record<string, Node>>,
): Readonly<Record<string, Node>> => {
  const { key, ...operands } = nodes;
  const pool: Node[] = Object.values(operands);
  const largest = largestOf(pool);
  steps.forEach((s, at) => {
    const next = nextNode(words, pool, key!, s, at);
    if (sizeOf(next.shape) <= largest) pool.push(next);
  });
  if (gradient !== null) {
    const floats = pool.filter((n) => n.dtype === 'float32');
    const by = floats.filter(isInput);
    const loss = floats.length === 0 ? undefined : back(floats, gradient);
    if (loss !== undefined) {
      const gradients = differentiate([loss], [p.full(1, loss.shape)], by).gradients;
      gradients.forEach((g, i) => pool.push(p.sub(by[i]!, p.scale(g, 0.1))));
    }
  }
  const results = outputs.map((n, i) => [`y${i}`, back(pool, n)] as const);
  // the next value of the same kind is written to the memory of a donated input
  const updates = inputs.flatMap(({ donated }, i) => {
    const x = operands[`x${i}`]!;
    const alike = pool.filter((n) => n.dtype === x.dtype && n.shape.join() === x.shape.join());
    return donated ? [[`x${i}`, back(alike, update)] as const] : [];
  });
  return Object.fromEntries([...results, ...updates]);
};

const TAME = { float32: 'any', int32: 'integers', bool: 'bools' } as const;
const WILD = { float32: 'wild', int32: 'wild integers', bool: 'bools' } as const;

const caseOf = (words: Vocabulary, s: Script): GraphCase => {
  const inputs = s.inputs.map(({ shape, dtype }, i): Input => ({
    path: `x${i}`,
    shape,
    dtype,
    data: numbers((s.wild ? WILD : TAME)[dtype], s.seed + i, sizeOf(shape)),
  }));
  const declared: readonly Declared[] = [...inputs, { path: 'key', shape: [], dtype: 'key' }];
  const build: GraphCase['build'] = (nodes) => trace(words, s, nodes);
  const graph = (): Readonly<Record<string, Node>> => {
    const nodes = inputNodes(declared);
    return build(Object.fromEntries(declared.map(({ path }, i) => [path, nodes[i]!])));
  };
  const donate = s.inputs.flatMap(({ donated }, i) => (donated ? [`x${i}`] : []));
  const text = (): string =>
    [showGraph(graph()), `  donated ${donate.join(', ')}, scratch ${s.scratch}`, ...inputs.map(showInput)].join('\n');
  const key = [s.seed, 1] as const;
  const graphCase = { inputs, key, declared, build, graph, donate, scratch: s.scratch };
  return Object.assign(graphCase, { [fc.toStringMethod]: text });
};

// no bias in either, because small graphs test little

/** Graphs of all operations, on any numbers. */
export const graphCase: fc.Arbitrary<GraphCase> = fc.noBias(script(anyShape)).map((s) => caseOf(families, s));

/** Graphs for which rounding changes the results little, or by an amount that can be determined. */
export const continuousGraphCase: fc.Arbitrary<GraphCase> = fc.noBias(script(fc.oneof(anyShape, largeShape))).map((s) =>
  caseOf(
    // a record with the same keys as the families
    mapValues(families, (of) => of.filter(isContinuous)) as Vocabulary,
    { ...s, wild: false },
  ),
);
