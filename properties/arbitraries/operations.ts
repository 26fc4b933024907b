/** Every primitive and composite with random attributes, for the laws about single operations and for random graphs. */
import {
  acosComposite,
  asinComposite,
  atan2Composite,
  geluComposite,
  normalizeComposite,
  siluComposite,
  softmaxComposite,
} from '../../src/dsl/composites/index.js';
import type { BinaryFn, Composite, CompositeOptions, Node, ReduceFn, UnaryFn } from '../../src/dsl/graph/node.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { attention } from '../../src/dsl/ops/network/attention.js';
import * as p from '../../src/dsl/primitives/index.js';
import type { Choices, Domain } from './choices.js';
import { convolved, filterGradient, layerConvolution } from './convolutions.js';
import {
  broadcasted,
  fit,
  flipped,
  join,
  padded,
  reshaped,
  shapeOfSize,
  sliced,
  someAxes,
  transposed,
} from './movements.js';
import { sizeOf } from '../../src/internal/numbers.js';

export interface Operand {
  readonly dtype: NumberType;
  /** The domain of each operand, such that the operation is differentiable in a neighbourhood. */
  readonly domain: Domain;
}

export interface Operation {
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Applies the operation to operands of any shapes, which it makes compatible. */
  readonly build: (c: Choices, operands: readonly Node[]) => Node;
  /** True if its derivative is that of a function of its float32 operands. */
  readonly differentiable: boolean;
}

type Build1 = (c: Choices, x: Node) => Node;
type Build2 = (c: Choices, a: Node, b: Node) => Node;

const float = (domain: Domain): Operand => ({ dtype: 'float32', domain });
const INTEGER: Operand = { dtype: 'int32', domain: 'integers' };
const BOOL: Operand = { dtype: 'bool', domain: 'bools' };

const operation = (
  name: string,
  operands: readonly Operand[],
  build: Operation['build'],
  differentiable = operands.some(({ dtype }) => dtype === 'float32'),
): Operation => ({ name, operands, build, differentiable });

const one = (name: string, operand: Operand, build: Build1): Operation =>
  operation(name, [operand], (c, [x]) => build(c, x!));
const two = (name: string, a: Operand, b: Operand, build: Build2): Operation =>
  operation(name, [a, b], (c, [x, y]) => build(c, x!, y!));

const UNARY: Readonly<Record<Exclude<UnaryFn, 'not' | 'isFinite' | 'float16' | 'bfloat16'>, Domain>> = {
  neg: 'any', abs: 'nonzero', sign: 'nonzero', floor: 'off steps', ceil: 'off steps', round: 'off steps',
  exp: 'any', expm1: 'any', log: 'positive', log1p: 'positive', sqrt: 'positive', rsqrt: 'positive',
  reciprocal: 'nonzero', sin: 'any', cos: 'any', tan: 'small', tanh: 'any', atan: 'any', sigmoid: 'any',
  erf: 'any',
}; // oxfmt-ignore

const unaries: readonly Operation[] = [
  ...Object.entries(UNARY).map(([fn, domain]) => one(fn, float(domain), (_, x) => p.unary(fn as UnaryFn, x))),
  operation('isFinite', [float('any')], (_, [x]) => p.unary('isFinite', x!), false),
  one('not', BOOL, (_, x) => p.unary('not', x)),
  ...(['neg', 'abs', 'sign'] as const).map((fn) => one(`int32 ${fn}`, INTEGER, (_, x) => p.unary(fn, x))),
  // of small integers, in the upper half: subnormal numbers of float16
  operation('float16', [INTEGER], (_, [x]) => p.unary('float16', p.scale(x!, 65536)), false),
];

const pair =
  (fn: BinaryFn): Build2 =>
  (_, a, b) =>
    p.binary(fn, a, fit(b, a.shape));

const comparison = (fn: BinaryFn, operand: Operand): Operation =>
  operation(`${operand.dtype} ${fn}`, [operand, operand], (_, [a, b]) => p.binary(fn, a!, fit(b!, a!.shape)), false);

const binaries: readonly Operation[] = [
  ...(['add', 'sub', 'mul'] as const).map((fn) => two(fn, float('any'), float('any'), pair(fn))),
  two('div', float('any'), float('nonzero'), pair('div')),
  two('pow', float('positive'), float('any'), pair('pow')),
  one('pow by an integer', float('nonzero'), (c, x) => p.binary('pow', x, p.full(c.of([2, 3, 1, -1, 0]), x.shape))),
  // constants that an algebraic simplification may look at
  ...(['add', 'sub', 'mul', 'div'] as const).map((fn) =>
    one(`${fn} and a number`, float(fn === 'div' ? 'nonzero' : 'any'), (c, x) => {
      const number = p.full(c.of([1, 0, -1, 0.1]), x.shape);
      return c.nat(2) === 1 && fn !== 'div' ? p.binary(fn, x, number) : p.binary(fn, number, x);
    }),
  ),
  one('div by a number', float('any'), (c, x) => p.div(x, p.full(c.of([1, -1, 0.1]), x.shape))),
  // a divisor of about ±1, so that quotients of numbers away from steps are away from steps
  two('mod', float('off steps'), float('any'), (c, a, b) =>
    p.binary('mod', a, fit(p.scale(p.shift(p.scale(b, 0.01), 1), c.of([1, -1])), a.shape)),
  ),
  // one of the two sets is shifted, so that their numbers differ too
  ...(['max', 'min'] as const).map((fn) =>
    two(fn, float('apart'), float('apart'), (_, a, b) => p.binary(fn, a, p.shift(fit(b, a.shape), 0.125))),
  ),
  ...(['add', 'sub', 'mul', 'div', 'pow', 'mod', 'max', 'min'] as const).map((fn) =>
    two(`int32 ${fn}`, INTEGER, INTEGER, pair(fn)),
  ),
  ...(['equal', 'less', 'lessEqual'] as const).flatMap((fn) => [comparison(fn, float('any')), comparison(fn, INTEGER)]),
  comparison('equal', BOOL),
  two('and', BOOL, BOOL, pair('and')),
  two('or', BOOL, BOOL, pair('or')),
];

const choose = (_: Choices, [condition, a, b]: readonly Node[]): Node =>
  p.select(fit(condition!, a!.shape), a!, fit(b!, a!.shape));

const selections: readonly Operation[] = [
  operation('select', [BOOL, float('any'), float('any')], choose),
  operation('int32 select', [BOOL, INTEGER, INTEGER], choose),
];

const casts: readonly Operation[] = [float('off steps'), INTEGER, BOOL].flatMap((operand) =>
  (['float32', 'int32', 'bool'] as const)
    .filter((dtype) => dtype !== operand.dtype)
    .map((dtype) => operation(`cast ${operand.dtype} to ${dtype}`, [operand], (_, [x]) => p.cast(x!, dtype), false)),
);

const MOVEMENTS: Readonly<Record<string, Build1>> = {
  transpose: transposed,
  reshape: reshaped,
  slice: sliced,
  flip: flipped,
  broadcast: broadcasted,
  pad: padded,
  stored: (_, x) => p.stored(x),
};

const movementsOf = (operand: Operand): readonly Operation[] => [
  ...Object.entries(MOVEMENTS).map(([name, build]) => one(`${operand.dtype} ${name}`, operand, build)),
  two(`${operand.dtype} concat`, operand, operand, join),
  two(`${operand.dtype} after`, operand, operand, (_, x, awaited) => p.after(x, awaited)),
];

/** Ensures at least one axis: a scalar gets one. */
const withAxis = (x: Node): Node => (x.shape.length === 0 ? p.expandDims(x, [0]) : x);

/** Ensures at least one axis, and elements along each. */
const withElements = (x: Node): Node =>
  fit(
    x,
    withAxis(x).shape.map((d) => Math.max(1, d)),
  );

const REDUCE: Readonly<Record<ReduceFn, Domain>> = {
  sum: 'any',
  prod: 'with zeros',
  max: 'apart',
  min: 'apart',
};

const reductions: readonly Operation[] = [
  ...Object.entries(REDUCE).flatMap(([fn, domain]) =>
    [float(domain), INTEGER].map((operand) =>
      one(`${operand.dtype} reduce ${fn}`, operand, (c, x) => p.reduce(fn as ReduceFn, x, someAxes(c, x))),
    ),
  ),
  ...[float('any'), INTEGER].map((operand) =>
    one(`${operand.dtype} cumsum`, operand, (c, x) => {
      const along = withAxis(x);
      return p.cumsum(along, c.nat(along.shape.length), c.nat(2) === 1);
    }),
  ),
];

const positions: readonly Operation[] = [float('apart'), INTEGER].flatMap((operand) => [
  operation(
    `${operand.dtype} argmax`,
    [operand],
    (c, [x]) => p.argmax(withElements(x!), c.nat(withAxis(x!).shape.length)),
    false,
  ),
  operation(
    `${operand.dtype} topK`,
    [operand],
    (c, [x]) => p.topKIndices(withElements(x!), 1 + c.nat(withAxis(x!).shape.at(-1)!)),
    false,
  ),
]);

const indexVector = (c: Choices, indices: Node): Node => fit(indices, [1 + c.nat(6)]);

const indexing: readonly Operation[] = [
  ...[float('any'), INTEGER, BOOL].map((operand) =>
    two(`${operand.dtype} gather`, operand, INTEGER, (c, x, i) => p.gather(withElements(x), indexVector(c, i))),
  ),
  ...[float('any'), INTEGER].map((operand) =>
    two(`${operand.dtype} scatterAdd`, INTEGER, operand, (c, i, x) => {
      const rows = withAxis(x);
      return p.scatterAdd(fit(i, [rows.shape[0]!]), rows, 1 + c.nat(5));
    }),
  ),
];

const linear: readonly Operation[] = [
  two('dot', float('any'), float('any'), (c, a, b) => {
    const left = p.reshape(a, shapeOfSize(c, sizeOf(a.shape), 2 + c.nat(3)));
    return p.dot(left, fit(b, [...left.shape.slice(0, -2), left.shape.at(-1)!, 1 + c.nat(4)]));
  }),
  two('conv2d', float('any'), float('any'), convolved),
  two('conv2d of a layer', float('any'), float('any'), layerConvolution),
];

const composed = (name: string, definition: Composite, options?: (c: Choices, x: Node) => CompositeOptions) =>
  one(name, float('apart'), (c, x) => p.composite(definition, [withAxis(x)], options?.(c, withAxis(x))));

/** Attention of some queries to a few keys in one or two heads. */
const attended = (c: Choices, [Q, K, V, mask]: readonly Node[]): Node => {
  const [B, N, M, d, heads] = [1 + c.nat(2), 1 + c.nat(3), 1 + c.nat(4), 1 + c.nat(3), 1 + c.nat(2)];
  const of = (x: Node, tokens: number) => tensor<[number, number, number], 'float32'>(fit(x, [B, tokens, d * heads]));
  const [q, k, v] = [of(Q!, N), of(K!, M), of(V!, M)];
  const masked = mask && { mask: tensor<[number, number], 'bool'>(fit(mask, [B, M])) };
  return nodeOf(attention(q, k, v, { heads, ...masked }));
};
const queriesKeysValues = [float('any'), float('any'), float('any')];

const composites: readonly Operation[] = [
  composed('silu', siluComposite),
  composed('gelu', geluComposite, (c) => ({ approximate: c.of(['none', 'tanh']) })),
  composed('softmax', softmaxComposite),
  composed('normalize', normalizeComposite, (c, x) => {
    const first = c.nat(x.shape.length);
    return { axes: [...new Set([...someAxes(c, x), first])], epsilon: c.of([1e-5, 0.1]) };
  }),
  // within ±1, where they have derivatives
  one('asin', float('small'), (_, x) => p.composite(asinComposite, [p.scale(x, 0.75)])),
  one('acos', float('small'), (_, x) => p.composite(acosComposite, [p.scale(x, 0.75)])),
  two('atan2', float('nonzero'), float('nonzero'), (_, y, x) => p.composite(atan2Composite, [y, fit(x, y.shape)])),
  two('filterGradient', float('any'), float('any'), filterGradient),
  operation('attention', queriesKeysValues, attended),
  operation('attention with a mask', [...queriesKeysValues, BOOL], attended),
];

const sources: readonly Operation[] = [
  operation('iota', [], (c) => {
    const shape = shapeOfSize(c, 1 + c.nat(12), 1 + c.nat(3));
    return p.iota(shape, c.nat(shape.length), c.of(['int32', 'float32']));
  }),
  operation('full', [], (c) =>
    p.full(
      c.of([1, 0, -2, 0.1]),
      Array.from({ length: c.nat(3) }, () => 1 + c.nat(3)),
    ),
  ),
  operation('constant', [], (c) => {
    const data = Float64Array.from({ length: 1 + c.nat(8) }, () => c.nat(9) - 4);
    return p.constant(data, [data.length], 'float32');
  }),
];

/** By family, so that an arbitrary can weight them; movements accept any dtype. */
export const families = {
  movements: movementsOf(float('any')),
  unaries,
  binaries,
  selections,
  casts,
  reductions,
  positions,
  indexing,
  linear,
  composites,
  sources,
} satisfies Readonly<Record<string, readonly Operation[]>>;

export const operations: readonly Operation[] = [
  ...Object.values(families).flat(),
  ...movementsOf(INTEGER),
  ...movementsOf(BOOL),
];

/** True if rounding a float32 operand may change the result completely: steps, poles, positions. */
export const isContinuous = ({ name }: Operation): boolean =>
  !['sign', 'floor', 'ceil', 'round', 'isFinite', 'tan', 'asin', 'acos', 'atan2', 'mod', 'float32 argmax', 'float32 topK', 'float32 equal',
    'float32 less', 'float32 lessEqual', 'cast float32 to int32', 'cast float32 to bool'].includes(name); // oxfmt-ignore
