import type { KeyWords } from '../../../dsl/plan/backend.js';
import type { Rule, NamedKernel } from '../../shared/kernel.js';
import type { Tensor } from './engine.js';

/** Runs one call of a plan on tensors. */
export interface TensorKernel extends NamedKernel {
  /**
   * Computes the result from the inputs. The result is a new tensor or one of the inputs. The executor disposes of
   * intermediate tensors.
   */
  readonly run: (inputs: readonly Tensor[], keys: readonly (KeyWords | undefined)[]) => Tensor;
}

export type TensorRule = Rule<TensorKernel>;
