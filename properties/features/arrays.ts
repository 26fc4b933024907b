/** Operations that make tensors, and that move, pick and reduce their elements. */
import * as n from '../../src/dsl/index.js';
import { bool, family, type Feature, flat, float, integer, key, smooth } from './feature.js';

const any = float('any', 2, 3);
const apart = float('apart', 2, 3);
const truths = bool('bools', 2, 3);
const indices = integer('integers', 4);

const reductions = family('Reductions', {
  sum: smooth([any], n.sum),
  sumOver: smooth([any], n.sum(0)),
  sumPerSample: smooth([any], n.sumPerSample),
  mean: smooth([any], n.mean),
  meanOver: smooth([any], n.mean(0)),
  meanPerSample: smooth([any], n.meanPerSample),
  variance: smooth([any], n.variance),
  varianceOver: smooth([any], n.variance(-1)),
  norm: smooth([any], n.norm),
  normOver: smooth([any], n.norm(-1)),
  logSumExp: smooth([any], n.logSumExp),
  logSumExpOver: smooth([any], n.logSumExp(-1)),
  prod: smooth([float('with zeros', 2, 3)], n.prod),
  prodOver: smooth([float('with zeros', 2, 3)], n.prod(-1)),
  max: smooth([apart], n.max),
  maxOver: smooth([apart], n.max(0)),
  min: smooth([apart], n.min),
  minOver: smooth([apart], n.min(0)),
  any: flat([truths], n.any),
  anyOver: flat([truths], n.any(-1)),
  all: flat([truths], n.all),
  allOver: flat([truths], n.all(-1)),
  cumsum: smooth([any], n.cumsum(1)),
  cumprod: smooth([any], n.cumprod(1)),
});

const orders = family('Order', {
  argmax: flat([apart], n.argmax(-1)),
  argsort: flat([apart], n.argsort),
  sort: smooth([apart], n.sort),
  topK: smooth([apart], (x) => Object.values(n.topK(x, 2))),
});

const movements = family('Movement', {
  reshape: smooth([any], (x) => n.reshape(x, 3, -1)),
  transpose: smooth([any], (x) => n.transpose(x, 1, 0)),
  broadcastTo: smooth([float('any', 3)], (x) => n.broadcastTo(x, 2, 3)),
  broadcastLike: smooth([float('any', 3), truths], (x, model) => n.broadcastLike(x, model)),
  expandDims: smooth([any], (x) => n.expandDims(x, -1)),
  squeeze: smooth([float('any', 2, 1, 3)], (x) => n.squeeze(x, 1)),
  slice: smooth([any], n.slice(1, -2, 2)),
  split: smooth([any], n.split([1, 2])),
  halve: smooth([float('any', 2, 4)], n.halve()),
  pad: smooth([any], n.pad(1, 1, 2)),
  flip: smooth([any], n.flip(0, 1)),
  roll: smooth([any], n.roll(1, 1)),
  concat: smooth([any, float('any', 2, 2)], (x, y) => n.concat(x, y)),
  concatAll: smooth([any, float('any', 1, 3), any], (x, y, z) => n.concatAll([x, y, z], 0)),
  stack: smooth([any, any], (x, y) => n.stack([x, y], -1)),
  tile: smooth([any], n.tile(0, 2)),
});

const choices = family('Indexing', {
  gather: smooth([float('any', 5, 2), indices], (table, i) => n.gather(table, i)),
  take: smooth([any, indices], (x, i) => n.take(x, -1, i)),
  takeAlong: smooth([any, integer('integers', 2, 4)], (x, i) => n.takeAlong(x, 1, i)),
  scatterAdd: smooth([float('any', 4, 2), indices], (x, i) => n.scatterAdd(x, i, 5)),
  oneHot: flat([indices], n.oneHot(5)),
});

const draws = family('Random draws, by a key', {
  normal: flat([key], n.normal(2, 3)),
  normalLike: flat([key, any], (k, x) => n.normalLike(k, x)),
  uniform: flat([key], n.uniform(2, 3)),
  uniformLike: flat([key, any], (k, x) => n.uniformLike(k, x)),
  bernoulli: flat([key], n.bernoulli(0.5, 2, 3)),
  bernoulliLike: flat([key, any], (k, x) => n.bernoulliLike(k, 0.5, x)),
  randint: flat([key], n.randint(-3, 9, 2, 3)),
  randintLike: flat([key, any], (k, x) => n.randintLike(k, -3, 9, x)),
  permutation: flat([key], n.permutation(6)),
});

const constants = family('Constants', {
  fullOf: flat([], () => n.fullOf(0.5, 2, 3)),
  zeros: flat([], () => n.zeros(2, 3)),
  ones: flat([], () => n.ones(2, 3)),
  fullLike: flat([any], n.fullLike(0.5)),
  zerosLike: flat([any], n.zerosLike),
  onesLike: flat([any], n.onesLike),
  scalar: flat([], () => n.scalar(0.5)),
  constantOf: flat([], () => n.constantOf([1, 2, 3, 4], 2, 2)),
  table: flat([], () => n.table([0.9, 0.5, 0.1])),
  iota: flat([], () => n.iota(4)),
});

export const arrays: readonly Feature[] = [
  ...reductions,
  ...orders,
  ...movements,
  ...choices,
  ...draws,
  ...constants,
];
