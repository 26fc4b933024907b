import { castFunction } from '../../dsl/primitives/casts.js';
import { binaryFunction, unaryFunction } from '../../dsl/primitives/scalar.js';
import { writeNumbers } from '../shared/numbers.js';
import { alongAxis, type Primitive } from './dense.js';

export const constant: Primitive<'constant'> = ({ data }, _, output) => writeNumbers(output.data, data, output.dtype);

export const iota: Primitive<'iota'> = ({ axis }, _, output) => {
  const { extent, inner } = alongAxis(output.shape, axis);
  for (let i = 0; i < output.data.length; i++) output.data[i] = Math.floor(i / inner) % extent;
};

export const unary: Primitive<'unary'> = ({ fn }, [x], output) => {
  const f = unaryFunction(fn, x!.dtype);
  for (let i = 0; i < output.data.length; i++) output.data[i] = f(x!.data[i]!);
};

export const binary: Primitive<'binary'> = ({ fn }, [a, b], output) => {
  const f = binaryFunction(fn, a!.dtype);
  for (let i = 0; i < output.data.length; i++) output.data[i] = f(a!.data[i]!, b!.data[i]!);
};

export const select: Primitive<'select'> = (_, [condition, a, b], output) => {
  for (let i = 0; i < output.data.length; i++) output.data[i] = condition!.data[i] === 0 ? b!.data[i]! : a!.data[i]!;
};

export const cast: Primitive<'cast'> = (_, [x], output) => {
  const f = castFunction(x!.dtype, output.dtype);
  for (let i = 0; i < output.data.length; i++) output.data[i] = f(x!.data[i]!);
};
