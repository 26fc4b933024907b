/** Uses of operations that make tensors, and that move, select and reduce their elements. */
import {
  everyDim,
  everyDtype,
  everyRank,
  everyShape,
  once,
  unary,
  unpiped,
  type Usage,
  usage,
  type Usages,
  type Wrong,
} from './usage.js';

const bools = (words: string): Wrong => ({ operands: { x: `${words}:bool` } });
const otherThan = (dtype: string, words: string): Wrong =>
  dtype === ':bool' ? { operands: { x: words } } : bools(words);
const noScalar: Wrong = { operands: { x: '' } };
/** An axis that the operand does not have: the error is at the axis. */
const noAxis = (words: string, axis = '1'): Wrong => ({ operands: { x: words }, at: axis });

/** Over all axes, and over some. */
const reduction = (name: string, dtype = ''): readonly Usage[] => [
  usage(`${name}(x)`, { x: `B H C${dtype}` }, dtype, { ...everyShape, dtype: otherThan(dtype, 'B H C') }),
  usage(`${name}(x, [1, -1])`, { x: `B H W C${dtype}` }, `B W${dtype}`, {
    ...everyDim,
    rank: noAxis(`B${dtype}`),
    dtype: otherThan(dtype, 'B H W C'),
  }),
];
const perSample = (name: string): Usage => unary(`${name}(x)`, { x: 'B H W C' }, 'B', { ...everyDim, rank: noScalar });
const running = (name: string): Usage =>
  usage(`${name}(x, 1)`, { x: 'B H:int32' }, 'B H:int32', {
    ...everyDim,
    rank: noAxis('B:int32'),
    dtype: bools('B H'),
  });

const each = (names: string, dtype?: string): Usages =>
  Object.fromEntries(names.split(' ').map((name) => [name, reduction(name, dtype)]));

const reductions: Usages = {
  ...each('sum prod max min', ':int32'),
  ...each('mean variance norm logSumExp'),
  ...each('any all', ':bool'),
  ...once({
    sumPerSample: perSample('sumPerSample'),
    meanPerSample: perSample('meanPerSample'),
    cumsum: running('cumsum'),
    cumprod: running('cumprod'),
  }),
};

const orders: Usages = once({
  argmax: usage('argmax(x, -1)', { x: 'B C' }, 'B:int32', {
    ...everyDim,
    rank: noAxis(''),
    dtype: bools('B C'),
  }),
  argsort: unary('argsort(x)', { x: 'B C' }, 'B C:int32', {
    ...everyDim,
    rank: noScalar,
    dtype: bools('B C'),
  }),
  sort: unary('sort(x)', { x: 'B C' }, 'B C', { ...everyDim, rank: noScalar, dtype: bools('B C') }),
  topK: usage(
    'topK(x, {N})',
    { x: 'B C' },
    { values: 'B N', indices: 'B N:int32' },
    {
      dim: { use: 'topK(x, -1)' },
      rank: noScalar,
      dtype: bools('B C'),
    },
  ),
});

/** Of one tensor of every dtype. */
const moved = (use: string, x: string, gives: Usage['gives'], wrong: Parameters<typeof usage>[3] = {}): Usage =>
  usage(use, { x }, gives, { ...everyShape, ...everyDtype, ...wrong });
/** Of one that has a second axis. */
const along = (use: string, gives: Usage['gives'], axis = '1', x = 'B H C'): Usage =>
  moved(use, x, gives, { rank: noAxis('B', axis) });

const movements: Usages = {
  ...once({
    reshape: moved('reshape(x, {B}, -1)', 'B H C', 'B C*H', { dim: { use: 'reshape(x, -2)' } }),
    transpose: along('transpose(x, 1, 0, 2)', 'H B C'),
    broadcastTo: moved('broadcastTo(x, {B}, {C})', 'C', 'B C', { dim: { use: 'broadcastTo(x, 1.5)' } }),
    broadcastLike: usage('broadcastLike(x, y)', { x: 'C:int32', y: 'B H C' }, 'B H C:int32', {
      ...everyDtype,
      rank: { operands: { y: '' } },
    }),
    expandDims: along('expandDims(x, 2)', 'B H 1 C', '2'),
    squeeze: moved('squeeze(x, 1)', 'B 1 C', 'B C', {
      rank: noAxis('B'),
      dim: { operands: { x: 'B 2 C' }, at: '1' },
    }),
    slice: along('slice(x, 1, 2, {N})', 'B N C'),
    split: along('split(x, [3, {N}], 1)', ['B 3 C', 'B N C'], '1', 'B N+3 C'),
    pad: along('pad(x, 1, 2, 3)', 'B H+5 C'),
    flip: moved('flip(x, 0, 1)', 'B C', 'B C', { rank: noAxis('B') }),
    roll: moved('roll(x, 1, 3)', 'B C', 'B C', { rank: noAxis('B') }),
    concat: usage('concat(x, y)', { x: 'B H C', y: 'B H D' }, 'B H C+D', {
      dim: { operands: { y: 'B H+1 D' } },
    }),
    concatAll: unpiped('concatAll([x, y], 1)', { x: 'B C H', y: 'B D H' }, 'B C+D H'),
    stack: unpiped('stack([x, y])', { x: 'B C', y: 'B C' }, '2 B C'),
    tile: along('tile(x, 1, 2)', 'B 2*H C'),
  }),
  halve: [
    moved('halve(x)', 'B 2*C', ['B C', 'B C'], {
      rank: { operands: { x: '' } },
      dim: { operands: { x: 'B 7' } },
    }),
    moved('halve(x, 0)', '2*B C', ['B C', 'B C'], {
      rank: noAxis('', '0'),
      dim: { operands: { x: '7 C' } },
    }),
  ],
};

const choices: Usages = once({
  gather: usage('gather(t, i)', { t: 'N C', i: 'B:int32' }, 'B C', everyDim),
  take: usage('take(x, 1, i)', { x: 'B H C', i: 'N:int32' }, 'B N C', {
    ...everyDim,
    rank: noAxis('B'),
  }),
  takeAlong: usage('takeAlong(x, 1, i)', { x: 'B C', i: 'B N:int32' }, 'B N', {
    rank: { operands: { x: 'C' } },
    dim: { operands: { x: 'B+1 C' } },
  }),
  scatterAdd: usage('scatterAdd(x, i, {N})', { x: 'B C', i: 'B:int32' }, 'N C'),
  oneHot: usage('oneHot(i, {N})', { i: 'B:int32' }, 'B N', { ...everyRank, dim: { use: 'oneHot(i, -1)' } }),
});

/** A draw of a given shape; the key is the first operand. */
const drawn = (name: string, dtype: string, first = ''): Usage =>
  usage(`${name}(k, ${first}{B}, {C})`, { k: 'key' }, `B C${dtype}`, {
    rank: { operands: { k: 'B:key' } },
    dim: { use: `${name}(k, ${first}-1, {C})` },
    dtype: { operands: { k: ':int32' } },
  });
/** A draw in the shape of another tensor. */
const drawnLike = (name: string, dtype: string, first = ''): Usage =>
  usage(`${name}(k, ${first}x)`, { k: 'key', x: 'B C' }, `B C${dtype}`, {
    rank: { operands: { k: 'B:key' } },
    ...everyDim,
    dtype: { operands: { k: ':int32' } },
  });

const draws: Usages = once({
  normal: drawn('normal', ''),
  normalLike: drawnLike('normalLike', ''),
  uniform: drawn('uniform', ''),
  uniformLike: drawnLike('uniformLike', ''),
  bernoulli: drawn('bernoulli', ':bool', '0.5, '),
  bernoulliLike: drawnLike('bernoulliLike', ':bool', '0.5, '),
  randint: drawn('randint', ':int32', '1, 7, '),
  randintLike: drawnLike('randintLike', ':int32', '1, 7, '),
  permutation: usage('permutation(k, {N})', { k: 'key' }, 'N:int32', {
    rank: { operands: { k: 'B:key' } },
    dim: { use: 'permutation(k, 2.5)' },
    dtype: { operands: { k: ':int32' } },
  }),
});

const noOperand: Wrong = { free: 'has no operand' };
const full = (name: string, first = ''): Usage =>
  unpiped(`${name}(${first}{B}, {C})`, {}, 'B C', {
    rank: noOperand,
    dim: { use: `${name}(${first}{B}, -1)` },
    dtype: noOperand,
  });
const ofKey = { ...everyShape, dtype: { operands: { x: 'key' } } };
const like = (name: string): Usage => unary(`${name}(x)`, { x: 'B C:int32' }, 'B C:int32', ofKey);

const constants: Usages = once({
  fullOf: full('fullOf', '0.5, '),
  zeros: full('zeros'),
  ones: full('ones'),
  fullLike: usage('fullLike(x, 0.5)', { x: 'B C:int32' }, 'B C:int32', ofKey),
  zerosLike: like('zerosLike'),
  onesLike: like('onesLike'),
  scalar: unpiped("scalar(7, 'int32')", {}, ':int32', {
    rank: noOperand,
    dim: noOperand,
    dtype: { use: "scalar(7, 'int64')" },
  }),
  constantOf: unpiped('constantOf(new Int32Array(6), {B}, {C})', {}, 'B C:int32', {
    rank: noOperand,
    dim: { use: 'constantOf(new Int32Array(6), 2, 1.5)' },
    dtype: { use: 'constantOf(new Int16Array(6), 2, 3)' },
  }),
  table: unpiped('table([0.9, 0.5, 0.1])', {}, '3', {
    rank: noOperand,
    dim: noOperand,
    dtype: { use: 'table([0.9, null])' },
  }),
  iota: unpiped('iota({N})', {}, 'N:int32', {
    rank: noOperand,
    dim: { use: 'iota(-1)' },
    dtype: noOperand,
  }),
});

export const arrays: Usages = { ...reductions, ...orders, ...movements, ...choices, ...draws, ...constants };
