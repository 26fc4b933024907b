/** Uses of operations element by element. */
import { everyDtype, everyShape, once, unary, unpiped, type Usage, usage, type Usages } from './usage.js';

const each = (names: string, make: (name: string) => readonly Usage[]): Usages =>
  Object.fromEntries(names.split(' ').map((name) => [name, make(name)]));

const ofBools = { operands: { x: 'B H C:bool' } };

const ofFloats = (name: string): readonly Usage[] => [unary(`${name}(x)`, { x: 'B H C' }, 'B H C', everyShape)]; // oxfmt-ignore
/** float32 and int32 */
const ofNumbers = (name: string): readonly Usage[] => [
  unary(`${name}(x)`, { x: 'B H C:int32' }, 'B H C:int32', { ...everyShape, dtype: ofBools }),
];
const arithmetic = (name: string): readonly Usage[] => [unpiped(`${name}(x, y)`, { x: 'B H C', y: 'B H C' }, 'B H C')];
const comparison = (name: string): readonly Usage[] => [unpiped(`${name}(x, y)`, { x: 'B C', y: 'B C' }, 'B C:bool')];
const logic = (name: string): readonly Usage[] => [
  unpiped(`${name}(x, y)`, { x: 'B C:bool', y: 'B C:bool' }, 'B C:bool'),
];
/** An activation with an optional number. */
const activation = (name: string): readonly Usage[] => [
  usage(`${name}(x)`, { x: 'B H C' }, 'B H C', everyShape),
  usage(`${name}(x, 0.2)`, { x: 'B H C' }, 'B H C', everyShape),
];
const noAxis = { operands: { x: 'B' }, at: '1' };
/** Along the last axis, or another one. */
const alongAxis = (name: string): readonly Usage[] => [
  usage(`${name}(x)`, { x: 'B H C' }, 'B H C', everyShape),
  usage(`${name}(x, 1)`, { x: 'B H C' }, 'B H C', { ...everyShape, rank: noAxis }),
];

const floats = 'floor ceil round exp expm1 log log1p log2 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh sigmoid erf softplus silu gelu'; // oxfmt-ignore

export const elementwise: Usages = {
  ...each(floats, ofFloats),
  ...each('neg abs sign square relu', ofNumbers),
  ...each('leakyRelu elu', activation),
  ...each('softmax logSoftmax', alongAxis),
  ...each('add sub mul div pow mod maximum minimum atan2', arithmetic),
  ...each('equal notEqual less lessEqual greater greaterEqual', comparison),
  ...each('and or', logic),
  ...once({
    clip: usage('clip(x, 0, 6)', { x: 'B H C:int32' }, 'B H C:int32', { ...everyShape, dtype: ofBools }),
    not: unary('not(x)', { x: 'B H C:bool' }, 'B H C:bool', everyShape),
    isFinite: unary('isFinite(x)', { x: 'B H C' }, 'B H C:bool', everyShape),
    where: unpiped('where(c, x, y)', { c: 'B C:bool', x: 'B C', y: 'B C' }, 'B C'),
    cast: usage("cast(x, 'int32')", { x: 'B H C' }, 'B H C:int32', {
      ...everyShape,
      dtype: { operands: { x: 'key' } },
    }),
    stopGradient: unary('stopGradient(x)', { x: 'B H C' }, 'B H C', { ...everyShape, ...everyDtype }),
  }),
};
