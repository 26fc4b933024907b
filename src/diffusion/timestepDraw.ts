import { type Dim, dims, type Key, type Shape, type Tensor } from '../dsl/index.js';
import { binary, full, random } from '../dsl/primitives/index.js';
import { nodeOf, tensor } from '../dsl/tensor.js';
import type { Process } from './process.js';

/**
 * t ~ Uniform{0, …, T-1} for each sample of a batch, `[B]`. Random bits modulo T: whole numbers, which no
 * backend rounds.
 */
export const uniformTimesteps =
  ({ schedule: { T } }: Process) =>
  <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) =>
  (key: Key): Tensor<[B], 'int32'> => {
    const shape = [dims(batch)[0]!];
    return tensor(binary('mod', random('bits', nodeOf(key), shape), full(T, shape, 'int32')));
  };
