/** Checks the results of functions that return a tensor of the shape of their argument. */
import { dims, isTensor, type Shape, type Tensor } from '../../dsl/index.js';
import { show } from '../../internal/decode.js';
import { raise, showShape } from '../../internal/errors.js';

interface About {
  readonly tag: 'ConfigError' | 'ShapeError';
  /** The place that the error names. */
  readonly where: string;
  /** A description of the expected function. The error adds the shape. */
  readonly expected: string;
  readonly hint: string;
}

/** The result of a function of x. Raises an error unless it is a tensor of the shape of x. */
export const ofShapeOf = <S extends Shape>(
  x: Tensor<S>,
  result: unknown,
  { tag, where, expected, hint }: About,
): Tensor<S> => {
  const [shape, actual] = [showShape(dims(x)), isTensor(result) ? showShape(dims(result)) : show(result)];
  return actual === shape
    ? (result as Tensor<S>) // of the shape of x
    : raise(tag, { where, expected: `${expected}, ${shape}`, actual: `one that returns ${actual}`, hint });
};
