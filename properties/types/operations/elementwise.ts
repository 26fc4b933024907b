/** Uses of operations element by element. */
import { everyDtype, everyShape, type Usage, usage, type Usages } from './usage.js';

const each = (names: readonly string[], made: (name: string) => Usage): Usages =>
  Object.fromEntries(names.map((name) => [name, made(name)]));

const ofBools = { given: { x: 'B H C:bool' } };

const ofFloats = (call: string): Usage => usage(`${call}(x)`, { x: 'B H C' }, 'B H C', everyShape);
/** float32 and int32 */
const ofNumbers = (call: string): Usage =>
  usage(`${call}(x)`, { x: 'B H C:int32' }, 'B H C:int32', { ...everyShape, dtype: ofBools });
const arithmetic = (name: string): Usage => usage(`${name}(y)(x)`, { y: 'B H C', x: 'B H C' }, 'B H C');
const comparison = (name: string): Usage => usage(`${name}(y)(x)`, { y: 'B C', x: 'B C' }, 'B C:bool');
const logic = (name: string): Usage => usage(`${name}(y)(x)`, { y: 'B:bool', x: 'B:bool' }, 'B:bool');

const floats = 'floor ceil round exp expm1 log log1p log2 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh sigmoid erf softplus silu gelu softmax logSoftmax'; // prettier-ignore

export const elementwise: Usages = {
  ...each(floats.split(' '), ofFloats),
  ...each(['neg', 'abs', 'sign', 'square', 'relu'], ofNumbers),
  clip: ofNumbers('clip(0, 6)'),
  leakyRelu: ofFloats('leakyRelu(0.2)'),
  elu: ofFloats('elu()'),
  ...each('add sub mul div pow mod maximum minimum atan2'.split(' '), arithmetic),
  ...each('equal notEqual less lessEqual greater greaterEqual'.split(' '), comparison),
  ...each(['and', 'or'], logic),
  not: usage('not(x)', { x: 'B H C:bool' }, 'B H C:bool', everyShape),
  isFinite: usage('isFinite(x)', { x: 'B H C' }, 'B H C:bool', everyShape),
  select: usage('where(c, x, y)', { c: 'B C:bool', y: 'B C', x: 'B C' }, 'B C'),
  cast: usage("cast(x, 'int32')", { x: 'B H C' }, 'B H C:int32', {
    ...everyShape,
    dtype: { given: { x: 'key' } },
  }),
  stopGradient: usage('stopGradient(x)', { x: 'B H C' }, 'B H C', { ...everyShape, ...everyDtype }),
};
