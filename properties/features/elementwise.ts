/** Operations element by element. */
import * as n from '../../src/dsl/index.js';
import { bool, family, type Feature, flat, float, integer, smooth } from './feature.js';

const any = float('any', 2, 3);
const small = float('small', 2, 3);
const positive = float('positive', 2, 3);
const nonzero = float('nonzero', 2, 3);
const offSteps = float('off steps', 2, 3);
const apart = float('apart', 2, 3);
const truths = bool('bools', 2, 3);
const whole = integer('integers', 2, 3);

const arithmetics = family('Arithmetic', {
  add: smooth([any, any], n.add),
  sub: smooth([any, any], n.sub),
  mul: smooth([any, any], n.mul),
  div: smooth([any, nonzero], n.div),
  pow: smooth([positive, any], n.pow),
  mod: smooth([offSteps], n.mod, (mod, x) => mod(x, 2)),
  // shifted, so that no two numbers are equal
  maximum: smooth([apart, apart], n.maximum, (maximum, x, y) => maximum(x, n.add(y, 0.125))),
  minimum: smooth([apart, apart], n.minimum, (minimum, x, y) => minimum(x, n.add(y, 0.125))),
  neg: smooth([any], n.neg),
  reciprocal: smooth([nonzero], n.reciprocal),
  square: smooth([any], n.square),
  sqrt: smooth([positive], n.sqrt),
  rsqrt: smooth([positive], n.rsqrt),
  abs: smooth([nonzero], n.abs),
  clip: smooth([offSteps], n.clip, (clip, x) => clip(x, -1, 1)),
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
  // inside of ±1, where they have derivatives
  asin: smooth([small], n.asin, (asin, x) => asin(n.mul(x, 0.75))),
  acos: smooth([small], n.acos, (acos, x) => acos(n.mul(x, 0.75))),
  atan: smooth([any], n.atan),
  atan2: smooth([nonzero, nonzero], n.atan2),
  sinh: smooth([any], n.sinh),
  cosh: smooth([any], n.cosh),
  tanh: smooth([any], n.tanh),
  erf: smooth([any], n.erf),
});

const activations = family('Activations', {
  relu: smooth([nonzero], n.relu),
  leakyRelu: smooth([nonzero], n.leakyRelu, (leakyRelu, x) => leakyRelu(x)),
  elu: smooth([nonzero], n.elu, (elu, x) => elu(x)),
  gelu: [
    smooth([any], n.gelu, (gelu, x) => gelu(x)),
    smooth([any], n.gelu, (gelu, x) => gelu(x, { approximate: 'tanh' })),
  ],
  silu: smooth([any], n.silu),
  sigmoid: smooth([any], n.sigmoid),
  softplus: smooth([nonzero], n.softplus),
  softmax: [
    smooth([any], n.softmax, (softmax, x) => softmax(x)),
    smooth([any], n.softmax, (softmax, x) => softmax(x, 0)),
  ],
  logSoftmax: [
    smooth([any], n.logSoftmax, (logSoftmax, x) => logSoftmax(x)),
    smooth([any], n.logSoftmax, (logSoftmax, x) => logSoftmax(x, 0)),
  ],
});

const decisions = family('Comparisons and choices', {
  equal: flat([whole, whole], n.equal),
  notEqual: flat([whole, whole], n.notEqual),
  less: flat([whole, whole], n.less),
  lessEqual: flat([whole, whole], n.lessEqual),
  greater: flat([whole, whole], n.greater),
  greaterEqual: flat([whole, whole], n.greaterEqual),
  and: flat([truths, truths], n.and),
  or: flat([truths, truths], n.or),
  not: flat([truths], n.not),
  isFinite: flat([any], n.isFinite),
  where: smooth([truths, any, any], n.where),
  cast: flat([offSteps], n.cast, (cast, x) => cast(x, 'int32')),
  stopGradient: flat([any], n.stopGradient),
});

export const elementwise: readonly Feature[] = [...arithmetics, ...transcendentals, ...activations, ...decisions];
