import type { KeyWords } from '../../../dsl/backend.js';
import type { Rule, NamedKernel } from '../../shared/kernel.js';
import type { Tensor } from './engine.js';

/** What carries out one call on tensors. */
export interface TensorKernel extends NamedKernel {
  /**
   * The result of the call for its inputs, in their order: a new tensor, or one of them as it is. What is made
   * on the way is disposed of by the executor.
   */
  readonly run: (inputs: readonly Tensor[], keys: readonly (KeyWords | undefined)[]) => Tensor;
}

export type TensorRule = Rule<TensorKernel>;
