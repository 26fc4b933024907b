/** Optimizers, transformations of gradients, and models joined with an optimizer. */
import {
  add,
  div,
  type Grads,
  type Key,
  maximum,
  mul,
  norm,
  type RaveledLeaf,
  type Scalar,
  scalar,
  type Shape,
  type Spec,
  stack,
  tensorsOf,
  type Tensor,
  type TreeSpec,
  zerosLike,
  zipTensors,
} from '../../dsl/index.js';
import { mapTensors } from '../../dsl/transforms/tensors.js';
import { appliedTo, dual } from '../../internal/dual.js';
import { aboveZero, functionOf, hinted, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import type { Trainable } from '../layers/layer.js';
import { type LearningRate, rateSettings, type Step } from './learningRate.js';
import { callback } from '../../internal/parts.js';

/** The state of an optimizer: trees of the form of the parameters, by the names that checkpoints store. */
export type OptimizerState<P, M extends string = string> = { readonly [moment in M]: P };

/** The result of an update. */
export interface Updated<P, M extends string = string> {
  readonly params: P;
  readonly state: OptimizerState<P, M>;
}

/**
 * A rule that updates parameters by gradients. `fit` passes all parameters in a few vectors (`raveling`), so that an update takes a
 * few kernels. A rule that depends on the shapes or paths of tensors provides `over` and `groupOf`.
 */
export interface Optimizer {
  /** The learning rate, for reports. */
  readonly learningRate: LearningRate;
  /** The settings as JSON, which snapshots store to detect other settings. */
  readonly settings?: unknown;
  /**
   * The same rule for parameters that are stored in vectors, at these positions. Missing if an update treats all
   * numbers alike.
   */
  readonly over?: (leaves: readonly RaveledLeaf[]) => Optimizer;
  /**
   * The group of a parameter, by its path and shape: a vector holds parameters of one group. Missing if there is one
   * group.
   */
  readonly groupOf?: (path: string, shape: readonly number[]) => string;
  /** The spec of the state, for programs and checkpoints: for each moment a spec like that of the parameters. */
  readonly state: <const P extends Spec>(params: P) => OptimizerState<P>;
  /** The initial state. */
  readonly init: <P>(params: P) => OptimizerState<P>;
  /** One update. Parameters without a gradient stay as they are. (A method, so that the names of moments may be known.) */
  update<P>(gradients: Grads<P>, state: OptimizerState<P>, params: P, step: Step): Updated<P>;
}

/** The parts of an optimizer. */
interface Rule<M extends string> extends Omit<Optimizer, 'state' | 'init' | 'update'> {
  readonly moments: readonly M[];
  readonly update: <P>(gradients: Grads<P>, state: OptimizerState<P, M>, params: P, step: Step) => Updated<P, M>;
}

/**
 * Makes an optimizer whose state starts at zero, from the names of its moments and its update.
 * @example
 * const moved = <P>(params: P, gradients: Grads<P>) => zipTensors([params, gradients], (p, g) => sub(p, mul(0.1, g)))
 * const sgd = optimizerOf({ learningRate: 0.1, moments: [], update: (g, state, params) => ({ params: moved(params, g), state }) })
 * sgd.update(constantOf([1, -2], 2), {}, zeros(2), scalar(0, 'int32')).params // → [-0.1, 0.2]
 */
export const optimizerOf = <const M extends string>({ moments, ...rest }: Rule<M>): Optimizer => {
  const each = <A>(a: A): { readonly [moment: string]: A } => Object.fromEntries(moments.map((moment) => [moment, a]));
  return { state: each, init: (params) => each(mapTensors(params, zerosLike)), ...rest };
};

/** Changes gradients before an optimizer uses them. */
export type GradientTransformation = <P>(gradients: Grads<P>) => Grads<P>;

/** The settings of an optimizer as JSON; its learning rate if it states no settings. */
export const optimizerSettings = ({ settings, learningRate }: Pick<Optimizer, 'settings' | 'learningRate'>): unknown =>
  settings ?? { learningRate: rateSettings(learningRate) };

/** The arguments of a pipeable form, or the name of another transformation. */
const transformationSettings = (transformation: GradientTransformation): unknown =>
  appliedTo(transformation) ?? (transformation.name === '' ? 'a function' : transformation.name);

const transformationPart = argument(
  'chain: transformation',
  callback('a transformation of gradients', 'give clipByGlobalNorm(1)'),
);
const method = functionOf('a function');
/** An optimizer, as `adam` makes it. */
export const optimizerPart = t.type({ state: method, init: method, update: method }, 'an optimizer');
const MAKE = 'make it by adam, adamw, chain or optimizerOf';
const lastLink = argument('chain: optimizer', optimizerPart, MAKE);

/**
 * Applies transformations to gradients, in order, then an optimizer.
 * @example
 * const { init, update } = chain(clipByGlobalNorm(1), adam({ learningRate: 1e-3, beta1: 0 }))
 * const { state } = update(constantOf([3, 4], 2), init(zeros(2)), zeros(2), scalar(0, 'int32'))
 * state['first'] // → [0.6, 0.8]
 */
export const chain = (
  ...links: readonly [...transformations: GradientTransformation[], optimizer: Optimizer]
): Optimizer => {
  const optimizer = links.at(-1) as Optimizer; // by the types, the last link is the optimizer
  const transformations = links.slice(0, -1) as readonly GradientTransformation[]; // the others
  transformations.forEach(transformationPart.demand);
  lastLink.demand(optimizer);
  const { over } = optimizer;
  return {
    ...optimizer,
    settings: { chain: [...transformations.map(transformationSettings), optimizerSettings(optimizer)] },
    ...(over !== undefined && { over: (leaves) => chain(...transformations, over(leaves)) }),
    update: (gradients, ...rest) =>
      optimizer.update(
        transformations.reduce((g, transform) => transform(g), gradients),
        ...rest,
      ),
  };
};

const limit = hinted(refined(aboveZero, 'a finite norm above 0', aboveZero.is), '1 is usual');

/**
 * The Euclidean norm of all gradients as one vector. If all gradients are 0, its derivative is 0, as for `norm`.
 * @example globalNorm({ w: constantOf([3], 1), b: constantOf([4], 1) }) // → 5
 */
export const globalNorm = <P>(gradients: Grads<P>): Scalar => {
  const norms = tensorsOf(gradients).map(({ leaf }) => norm(leaf as Tensor<Shape>)); // gradients are float32 or null
  return norm(stack([scalar(0), ...norms])); // the norm of no gradients is 0
};

/**
 * Scales all gradients by one number so that their {@link globalNorm} is at most `max`. The pipeable form is a link of
 * `chain`. Raises `ConfigError` unless `max` is positive and finite. Pascanu et al. 2013.
 * @example
 * clipByGlobalNorm({ w: constantOf([3], 1), b: constantOf([4], 1) }, 1) // → { w: [0.6], b: [0.8] }
 * pipe({ w: constantOf([3], 1), b: constantOf([4], 1) }, clipByGlobalNorm(1)) // → { w: [0.6], b: [0.8] }
 */
export const clipByGlobalNorm: {
  (max: number): GradientTransformation;
  <P>(gradients: Grads<P>, max: number): Grads<P>;
} = dual('clipByGlobalNorm', 2, <P>(gradients: Grads<P>, max: number) => {
  argument('clipByGlobalNorm', limit).demand(max);
  const factor = div(max, maximum(globalNorm(gradients), max)); // 1 for norms up to `max`
  return zipTensors([gradients], (g) => mul(factor, g));
});

/** Parameters in training, with the state of their optimizer and the number of updates so far. */
export interface Learned<P> {
  readonly params: P;
  readonly optimizer: OptimizerState<P>;
  readonly step: Tensor<[], 'int32'>;
}

/**
 * The spec of {@link Learned}, for programs and checkpoints. (This is a type alias, because an interface has no index
 * signature and so is not a `Spec`.)
 */
export type LearnedSpec<P> = {
  readonly params: TreeSpec<P>;
  readonly optimizer: OptimizerState<TreeSpec<P>>;
  readonly step: ':int32';
};

/** A model joined with an optimizer, for a training loop: the state between steps, and its update. */
export interface Learner<P> {
  readonly state: LearnedSpec<P>;
  /** The initial state, drawn from a key. */
  readonly init: (key: Key) => Learned<P>;
  /** One update. Parameters without a gradient stay as they are. */
  readonly update: (gradients: Grads<P>, state: Learned<P>) => Learned<P>;
}

const optimizerArgument = argument('learner.optimizer', optimizerPart, MAKE);
const modelArgument = argument(
  'learner.model',
  t.type({ params: refined(t.unknown, 'a spec of parameters', (x) => x !== undefined), init: method }),
  'make it by layer, or by unet',
);

/**
 * Joins a model and an optimizer. Raises `ConfigError` for a model or an optimizer without its functions.
 * @example
 * const { state, init, update } = learner(parameter(allZeros, 2), adam({ learningRate: 0.1 }))
 * unwrap(parseSpec(state)).leaves.map(({ path }) => path) // → ['params', 'optimizer.first', 'optimizer.second', 'step']
 * const moved = program('key', (k) => update(constantOf([3, -4], 2), init(k)))
 * await using nf = await open(reference())
 * const result = await nf.run(evaluate(moved, {})(key(7)))
 * result.params // → [-0.1, 0.1]
 * result.step // → [1]
 */
export const learner = <P>(
  model: Trainable<P>,
  optimizer: Pick<Optimizer, 'state' | 'init' | 'update'>,
): Learner<P> => {
  modelArgument.demand(model);
  optimizerArgument.demand(optimizer);
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
