/** Operations element by element. */
import * as n from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { bool, type Case, family, type Feature, flat, float, integer, smooth } from './feature.js';

const any = float('any', 2, 3);
const small = float('small', 2, 3);
const positive = float('positive', 2, 3);
const nonzero = float('nonzero', 2, 3);
const offSteps = float('off steps', 2, 3);
const apart = float('apart', 2, 3);
const truths = bool('bools', 2, 3);
const whole = integer('integers', 2, 3);

const arithmetic = (op: n.Arithmetic<'float32'>, x: typeof any, y: typeof any): Case =>
  smooth([x, y], (a, b) => op(b)(a));
const comparison = (op: n.Comparison<n.Numeric>): Case => flat([whole, whole], (a, b) => op(b)(a));

const arithmetics = family('Arithmetic', {
  add: arithmetic(n.add, any, any),
  sub: arithmetic(n.sub, any, any),
  mul: arithmetic(n.mul, any, any),
  div: arithmetic(n.div, any, nonzero),
  pow: arithmetic(n.pow, positive, any),
  mod: smooth([offSteps], n.mod(2)),
  // numbers of two such sets, of which one is shifted, are apart too
  maximum: smooth([apart, apart], (x, y) => n.maximum(x, n.add(y, 0.125))),
  minimum: smooth([apart, apart], (x, y) => n.minimum(x, n.add(y, 0.125))),
  neg: smooth([any], n.neg),
  reciprocal: smooth([nonzero], n.reciprocal),
  square: smooth([any], n.square),
  sqrt: smooth([positive], n.sqrt),
  rsqrt: smooth([positive], n.rsqrt),
  abs: smooth([nonzero], n.abs),
  clip: smooth([offSteps], n.clip(-1, 1)),
  sign: flat([nonzero], n.sign),
  floor: flat([offSteps], n.floor),
  ceil: flat([offSteps], n.ceil),
  round: flat([offSteps], n.round),
});

const transcendentals = family('Exponentials, logarithms and angles', {
  exp: smooth([any], n.exp),
  expm1: smooth([any], n.expm1),
  log: smooth([positive], n.log),
  log1p: smooth([positive], n.log1p),
  log2: smooth([positive], n.log2),

  sin: smooth([any], n.sin),
  cos: smooth([any], n.cos),
  tan: smooth([small], n.tan),
  // inside of ±1, where they have slopes
  asin: smooth([small], F.flow(n.mul(0.75), n.asin)),
  acos: smooth([small], F.flow(n.mul(0.75), n.acos)),
  atan: smooth([any], n.atan),
  atan2: arithmetic(n.atan2, nonzero, nonzero),
  sinh: smooth([any], n.sinh),
  cosh: smooth([any], n.cosh),
  tanh: smooth([any], n.tanh),
  erf: smooth([any], n.erf),
});

const activations = family('Activations', {
  relu: smooth([nonzero], n.relu),
  leakyRelu: smooth([nonzero], n.leakyRelu()),
  elu: smooth([nonzero], n.elu()),
  gelu: smooth([any], n.gelu),
  silu: smooth([any], n.silu),
  sigmoid: smooth([any], n.sigmoid),
  softplus: smooth([nonzero], n.softplus),
  softmax: smooth([any], n.softmax),
  logSoftmax: smooth([any], n.logSoftmax),
});

const decisions = family('Comparisons and choices', {
  equal: comparison(n.equal),
  notEqual: comparison(n.notEqual),
  less: comparison(n.less),
  lessEqual: comparison(n.lessEqual),
  greater: comparison(n.greater),
  greaterEqual: comparison(n.greaterEqual),
  and: flat([truths, truths], (x, y) => n.and(x, y)),
  or: flat([truths, truths], (x, y) => n.or(x, y)),
  not: flat([truths], n.not),
  isFinite: flat([any], n.isFinite),
  select: smooth([truths, any, any], (condition, x, otherwise) => n.where(condition, x, otherwise)),
  cast: flat([offSteps], n.cast('int32')),
  stopGradient: flat([any], n.stopGradient),
});

export const elementwise: readonly Feature[] = [
  ...arithmetics,
  ...transcendentals,
  ...activations,
  ...decisions,
];
