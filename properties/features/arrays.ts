/** Operations that make tensors, and that move, select and reduce their elements. */
import * as n from '../../src/dsl/index.js';
import { bool, family, type Feature, flat, float, integer, key, smooth } from './feature.js';

const any = float('any', 2, 3);
const apart = float('apart', 2, 3);
const truths = bool('bools', 2, 3);
const indices = integer('integers', 4);

const reductions = family('Reductions', {
  sum: [smooth([any], n.sum, (sum, x) => sum(x)), smooth([any], n.sum, (sum, x) => sum(x, 0))],
  sumPerSample: smooth([any], n.sumPerSample),
  mean: [smooth([any], n.mean, (mean, x) => mean(x)), smooth([any], n.mean, (mean, x) => mean(x, 0))],
  meanPerSample: smooth([any], n.meanPerSample),
  variance: [
    smooth([any], n.variance, (variance, x) => variance(x)),
    smooth([any], n.variance, (variance, x) => variance(x, -1)),
  ],
  norm: [smooth([any], n.norm, (norm, x) => norm(x)), smooth([any], n.norm, (norm, x) => norm(x, -1))],
  logSumExp: [
    smooth([any], n.logSumExp, (logSumExp, x) => logSumExp(x)),
    smooth([any], n.logSumExp, (logSumExp, x) => logSumExp(x, -1)),
  ],
  prod: [
    smooth([float('with zeros', 2, 3)], n.prod, (prod, x) => prod(x)),
    smooth([float('with zeros', 2, 3)], n.prod, (prod, x) => prod(x, -1)),
  ],
  max: [smooth([apart], n.max, (max, x) => max(x)), smooth([apart], n.max, (max, x) => max(x, 0))],
  min: [smooth([apart], n.min, (min, x) => min(x)), smooth([apart], n.min, (min, x) => min(x, 0))],
  any: [flat([truths], n.any, (any, x) => any(x)), flat([truths], n.any, (any, x) => any(x, -1))],
  all: [flat([truths], n.all, (all, x) => all(x)), flat([truths], n.all, (all, x) => all(x, -1))],
  cumsum: smooth([any], n.cumsum, (cumsum, x) => cumsum(x, 1)),
  cumprod: smooth([any], n.cumprod, (cumprod, x) => cumprod(x, 1)),
});

const orders = family('Order', {
  argmax: flat([apart], n.argmax, (argmax, x) => argmax(x, -1)),
  argsort: flat([apart], n.argsort),
  sort: smooth([apart], n.sort),
  topK: smooth([apart], n.topK, (topK, x) => Object.values(topK(x, 2))),
});

const movements = family('Movement', {
  reshape: smooth([any], n.reshape, (reshape, x) => reshape(x, 3, -1)),
  transpose: smooth([any], n.transpose, (transpose, x) => transpose(x, 1, 0)),
  broadcastTo: smooth([float('any', 3)], n.broadcastTo, (broadcastTo, x) => broadcastTo(x, 2, 3)),
  broadcastLike: smooth([float('any', 3), truths], n.broadcastLike),
  expandDims: smooth([any], n.expandDims, (expandDims, x) => expandDims(x, -1)),
  squeeze: smooth([float('any', 2, 1, 3)], n.squeeze, (squeeze, x) => squeeze(x, 1)),
  slice: smooth([any], n.slice, (slice, x) => slice(x, 1, -2, 2)),
  split: smooth([any], n.split, (split, x) => split(x, [1, 2])),
  halve: smooth([float('any', 2, 4)], n.halve, (halve, x) => halve(x)),
  pad: smooth([any], n.pad, (pad, x) => pad(x, 1, 1, 2)),
  flip: smooth([any], n.flip, (flip, x) => flip(x, 0, 1)),
  roll: smooth([any], n.roll, (roll, x) => roll(x, 1, 1)),
  concat: smooth([any, float('any', 2, 2)], n.concat),
  concatAll: smooth([any, float('any', 1, 3), any], n.concatAll, (concatAll, x, y, z) => concatAll([x, y, z], 0)),
  stack: smooth([any, any], n.stack, (stack, x, y) => stack([x, y], -1)),
  tile: smooth([any], n.tile, (tile, x) => tile(x, 0, 2)),
});

const choices = family('Indexing', {
  gather: smooth([float('any', 5, 2), indices], n.gather),
  take: smooth([any, indices], n.take, (take, x, i) => take(x, -1, i)),
  takeAlong: smooth([any, integer('integers', 2, 4)], n.takeAlong, (takeAlong, x, i) => takeAlong(x, 1, i)),
  scatterAdd: smooth([float('any', 4, 2), indices], n.scatterAdd, (scatterAdd, x, i) => scatterAdd(x, i, 5)),
  oneHot: flat([indices], n.oneHot, (oneHot, i) => oneHot(i, 5)),
});

const draws = family('Random draws, by a key', {
  normal: flat([key], n.normal, (normal, k) => normal(k, 2, 3)),
  normalLike: flat([key, any], n.normalLike),
  uniform: flat([key], n.uniform, (uniform, k) => uniform(k, 2, 3)),
  uniformLike: flat([key, any], n.uniformLike),
  bernoulli: flat([key], n.bernoulli, (bernoulli, k) => bernoulli(k, 0.5, 2, 3)),
  bernoulliLike: flat([key, any], n.bernoulliLike, (bernoulliLike, k, x) => bernoulliLike(k, 0.5, x)),
  randint: flat([key], n.randint, (randint, k) => randint(k, -3, 9, 2, 3)),
  randintLike: flat([key, any], n.randintLike, (randintLike, k, x) => randintLike(k, -3, 9, x)),
  permutation: flat([key], n.permutation, (permutation, k) => permutation(k, 6)),
});

const constants = family('Constants', {
  fullOf: flat([], n.fullOf, (fullOf) => fullOf(0.5, 2, 3)),
  zeros: flat([], n.zeros, (zeros) => zeros(2, 3)),
  ones: flat([], n.ones, (ones) => ones(2, 3)),
  fullLike: flat([any], n.fullLike, (fullLike, x) => fullLike(x, 0.5)),
  zerosLike: flat([any], n.zerosLike),
  onesLike: flat([any], n.onesLike),
  scalar: flat([], n.scalar, (scalar) => scalar(0.5)),
  constantOf: flat([], n.constantOf, (constantOf) => constantOf([1, 2, 3, 4], 2, 2)),
  table: flat([], n.table, (table) => table([0.9, 0.5, 0.1])),
  iota: flat([], n.iota, (iota) => iota(4)),
});

export const arrays: readonly Feature[] = [...reductions, ...orders, ...movements, ...choices, ...draws, ...constants];
