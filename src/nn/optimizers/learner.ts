import { add, type Grads, type Key, scalar, type Tensor, type TreeSpec } from '../../dsl/index.js';
import { orRaise } from '../../dsl/errors.js';
import { optionsOf } from '../../dsl/options.js';
import { functionOf, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import type { Trainable } from '../layers/layer.js';
import type { Optimizer, OptimizerState } from './optimizer.js';

/** Parameters in training, with the state of their optimizer and the number of updates so far. */
export interface Learned<P> {
  readonly params: P;
  readonly optimizer: OptimizerState<P>;
  readonly step: Tensor<[], 'int32'>;
}

/** The spec of {@link Learned}, for programs and checkpoints. (A type, as an interface has no index signature and so is not a `Spec`.) */
export type LearnedSpec<P> = {
  readonly params: TreeSpec<P>;
  readonly optimizer: OptimizerState<TreeSpec<P>>;
  readonly step: ':int32';
};

/** A model and an optimizer, for a training loop: the state that goes from step to step, and its update. */
export interface Learner<P> {
  readonly state: LearnedSpec<P>;
  /** The initial state, drawn from a key. */
  readonly init: (key: Key) => Learned<P>;
  /** One update. Parameters without a gradient stay as they are. */
  readonly update: (gradients: Grads<P>, state: Learned<P>) => Learned<P>;
}

const method = functionOf('a function');
const checkedOptimizer = optionsOf({
  where: 'learner.optimizer',
  options: t.type({ state: method, init: method, update: method }),
  hint: 'make it by adam, adamw, chain or optimizerOf',
});
const checkedModel = optionsOf({
  where: 'learner.model',
  options: t.type({ params: refined(t.unknown, 'a spec of parameters', (x) => x !== undefined), init: method }),
  hint: 'make it by layer, or by unet',
});

/**
 * Joins a model and an optimizer. Raises `ConfigError` for a model or an optimizer without its functions.
 * @example
 * const { state, init, update } = learner(parameter(allZeros, 2), adam({ learningRate: 0.1 }))
 * pipe(parseSpec(state), E.map(({ leaves }) => leaves.map(({ path }) => path))) // → E.right(['params', 'optimizer.first', 'optimizer.second', 'step'])
 * const moved = program('key', (k) => update(constantOf([3, -4], 2), init(k)))
 * const found = await using(reference())(evaluate(moved, {})(key(7)))()
 * pipe(found, E.map(({ params, step }) => [params, step])) // → E.right([[-0.1, 0.1], [1]])
 */
export const learner = <P>(
  model: Trainable<P>,
  optimizer: Pick<Optimizer, 'state' | 'init' | 'update'>,
): Learner<P> => {
  orRaise(checkedModel(model));
  orRaise(checkedOptimizer(optimizer));
  return {
    state: { params: model.params, optimizer: optimizer.state(model.params), step: ':int32' },
    init: (key) => {
      const params = model.init(key);
      return { params, optimizer: optimizer.init(params), step: scalar(0, 'int32') };
    },
    update: (gradients, { params: before, optimizer: memory, step }) => {
      const { params, state } = optimizer.update<P>(gradients, memory, before, step);
      return { params, optimizer: state, step: add(step, 1) };
    },
  };
};
