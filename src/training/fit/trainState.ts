/**
 * The state of a training on the backend, and the programs that create and update it. It stores the parameters as the
 * vectors of `raveling`, so that an update of all of them takes a few kernels.
 */
import { withMade } from '../../diffusion/denoisers/conditioner.js';
import type { DrawMemory, Model, SampleLosses } from '../../diffusion/index.js';
import { asAdaptive } from '../../diffusion/losses/adaptiveDraw.js';
import {
  add,
  dtypeOf,
  fork,
  leafSpec,
  isFinite,
  type Key,
  mean,
  program,
  type Program,
  type Scalar,
  scalar,
  type Shape,
  sub,
  sum,
  type Tensor,
  tensorsOf,
  treeSpec,
  type TreeSpec,
  valueAuxAndGrad,
  type Vectors,
  where,
  zeros,
  zipTensors,
} from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { raveling } from '../../dsl/transforms/raveling.js';
import {
  emaDecay,
  globalNorm,
  type Learned,
  learner,
  type Optimizer,
  rateAt,
  type Step,
  type Trainable,
} from '../../nn/index.js';
import { averaged } from '../../nn/optimizers/ema.js';
import { accumulated, type Examples } from './accumulation.js';
import { learningOf } from './trainingLosses.js';
import {
  type AnyRecipe,
  type Average,
  averagesOf,
  defaults,
  conditionDropoutOf,
  ravelingOf,
  targetAverage,
} from './recipe.js';
import { examplesSpec, type TeacherInputs, teacherSpec } from './stepInputs.js';

/** Parameters, their averages, the states of the optimizer and of the draw of times, and the number of updates. */
export interface TrainState extends Learned<Vectors> {
  /** The average that samples are drawn from. */
  readonly average: Vectors;
  /** The other averages of a list, each at its index in the list; null at 0. */
  readonly averages: readonly (Vectors | null)[];
  readonly times: DrawMemory;
}

/** The parameters of a recipe as vectors, and its optimizer for these. */
const raveled = <P, I extends Shape>(recipe: AnyRecipe<P, I>) => {
  const { model, optimizer } = recipe;
  const { vectors, leaves, ravel, unravel } = ravelingOf(recipe);
  const trainable: Trainable<Vectors> = { params: vectors, init: (key) => ravel(model.init(key)) };
  return { ravel, unravel, trainable, optimizer: optimizer.over?.(leaves) ?? optimizer };
};

/** 1 − β, the share of the newest parameters in an average. */
const shareOf = (average: Average, step: Step): Scalar =>
  typeof average === 'number' ? sub(1, emaDecay(step, average)) : average.share(step);

/**
 * A state with the averages of a recipe and the state of its draw of times; `make` makes the tensor of each shape.
 */
const withAverages = <P, I extends Shape, L extends { readonly params: unknown }, A>(
  recipe: AnyRecipe<P, I>,
  learned: L,
  make: (shape: readonly number[]) => A,
) => {
  const { noising, times = defaults.times } = recipe;
  const memory = Object.entries(asAdaptive(times).memory(noising));
  const average: L['params'] = learned.params;
  return {
    ...learned,
    average,
    averages: averagesOf(recipe).map((_, i) => (i === 0 ? null : average)),
    times: Object.fromEntries(memory.map(([name, shape]) => [name, make(shape)])),
  };
};

/**
 * The spec of a training state, for programs. {@link parametersOf} gives the tree of its parameters. Raises
 * `ConfigError` for a model whose parameters are not all float32.
 * @example
 * const model: Model<Scalar, []> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(x, w) }
 * const recipe = { model, noising: unwrap(ddpm(cosine(1000))), optimizer: sgd({ learningRate: 1e-3 }) }
 * trainState(recipe).leaves.map(({ path }) => path) // → ['params.0', 'step', 'average.0']
 */
export const trainState = <P, I extends Shape>(recipe: AnyRecipe<P, I>): TreeSpec<TrainState> => {
  const { trainable, optimizer } = raveled(recipe);
  return treeSpec(withAverages(recipe, learner(trainable, optimizer).state, (shape) => leafSpec(shape)));
};

/** The spec of a training state in checkpoints, with one tensor for each parameter. */
export const namedState = <P, I extends Shape>(recipe: AnyRecipe<P, I>): TreeSpec<unknown> =>
  treeSpec(withAverages(recipe, learner(recipe.model, recipe.optimizer).state, (shape) => leafSpec(shape)));

/**
 * The initial state, drawn from `key`. The averages start at the initial parameters.
 * @example
 * const model: Model<Scalar, []> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(x, w) }
 * const recipe = { model, noising: unwrap(ddpm(cosine(1000))), optimizer: adam({ learningRate: 1e-3 }) }
 * await using nf = await open(reference())
 * const state = await nf.run(evaluate(initialState(recipe), {})({ key: key(7) }))
 * state.average // → [[1]]
 */
export const initialState = <P, I extends Shape>(recipe: AnyRecipe<P, I>): Program<{ readonly key: Key }, TrainState> =>
  program({ key: 'key' }, ({ key }) => {
    const { trainable, optimizer } = raveled(recipe);
    return withAverages(recipe, learner(trainable, optimizer).init(key), (shape) => zeros(...shape));
  });

/** The initial state with given parameters, at which the averages start too. */
export const stateOf = <P, I extends Shape>(recipe: AnyRecipe<P, I>): Program<{ readonly params: P }, TrainState> => ({
  inputs: attempt(() => treeSpec({ params: recipe.model.params })),
  trace: ({ params }) => {
    const { ravel, optimizer } = raveled(recipe);
    const vectors = ravel(params);
    const learned = { params: vectors, optimizer: optimizer.init(vectors), step: scalar(0, 'int32') };
    return withAverages(recipe, learned, (shape) => zeros(...shape));
  },
});

/** The conditions of examples, with those that the recipe makes from them. Each step makes them anew, with its own key. */
const allConditions = <P, I extends Shape>(recipe: AnyRecipe<P, I>, { x0, conditions, key }: Examples<I>) =>
  withMade(recipe.conditions, x0, fork(key, 'condition').condition, conditions);

/** The report of a step: the loss of its batch, and the norm of the whole gradient before the optimizer changes it. */
export interface Report {
  readonly loss: Scalar;
  readonly gradientNorm: Scalar;
  readonly learningRate: Scalar;
  /** The share of the batch that a classifier classifies correctly. */
  readonly accuracy?: Scalar;
  /** True if loss, gradient and new parameters are finite. Otherwise only the number of updates changes. */
  readonly finite: Tensor<[], 'bool'>;
}

/** The outputs of a step. */
export interface TrainStepResult {
  readonly state: TrainState;
  readonly report: Report;
}

/** The inputs of a step: the state, which it donates, examples, and the parameters of the teacher of the loss. */
export interface TrainStepInputs<I extends Shape> extends TeacherInputs {
  readonly state: TrainState;
  readonly examples: Examples<I>;
}

/** Tests if the float32 numbers of a tree are finite, by their sum. Also false if the sum overflows. */
const isFiniteTree = (tree: unknown): Tensor<[], 'bool'> =>
  isFinite(
    tensorsOf(tree)
      .map(({ leaf }) => leaf)
      .filter((x): x is Tensor<Shape> => dtypeOf(x) === 'float32')
      .reduce<Scalar>((total, x) => add(total, sum(x)), scalar(0)),
  );

/**
 * {@link trainStep} without its guard, to find the first operation whose result is not finite: the new state may have
 * non-finite numbers.
 */
export const unguardedStep = <P, I extends Shape>(
  recipe: AnyRecipe<P, I>,
  image: Shape,
): Program<TrainStepInputs<I>, TrainStepResult> => {
  const { noising, times = defaults.times, accumulate = defaults.accumulate, optimizer } = recipe;
  const { draw, mean: meanOf, record } = asAdaptive(times);
  const averages = averagesOf(recipe);
  const inputs = attempt(() =>
    treeSpec<TrainStepInputs<I>>({
      ...teacherSpec(recipe),
      state: trainState(recipe),
      examples: examplesSpec(recipe, recipe.coupling, image),
    }),
  );
  const trace: Program<TrainStepInputs<I>, TrainStepResult>['trace'] = ({ state, examples, teacher }) => {
    const losses = learningOf(recipe).losses({
      conditionDropout: conditionDropoutOf(recipe),
      times: draw(state.times),
    });
    const { ravel, unravel, trainable, optimizer: overVectors } = raveled(recipe);
    const target = targetAverage(recipe) && unravel(state.averages.at(-1)!);
    const params = unravel(state.params);
    const { loss, samples, gradients } = accumulated(examples, accumulate, (part) => {
      const conditions = allConditions(recipe, part);
      const { value, aux, grad } = valueAuxAndGrad((params: P) => {
        const samples = losses(params, { ...part, conditions, step: state.step, teacher, target });
        return [meanOf(state.times, noising)(samples), samples];
      })(params);
      return { loss: value, samples: aux, gradients: ravel(grad) };
    });
    const gradientNorm = globalNorm<Vectors>(gradients);
    const moved = learner(trainable, overVectors).update(gradients, state);
    const follow = (before: Vectors, average: Average) => averaged(before, moved.params, shareOf(average, state.step));
    const next = {
      ...moved,
      average: follow(state.average, averages[0]!),
      averages: averages.map((average, i) => (i === 0 ? null : follow(state.averages[i]!, average))),
      times: record(state.times)(samples),
    };
    return {
      state: next,
      report: {
        loss,
        gradientNorm,
        learningRate: rateAt(optimizer.learningRate, state.step),
        ...(samples.accuracy && { accuracy: mean(samples.accuracy) }),
        finite: isFiniteTree([loss, gradientNorm, next.params]),
      },
    };
  };
  return { inputs, trace };
};

/**
 * One step of training: Algorithm 1 of DDPM (Ho et al. 2020), lines 2 to 5, with an optimizer. If the loss, the
 * gradient or the new parameters are not finite, only the number of the step changes. Any number of the new state that is
 * not finite keeps its old value.
 *
 * @param image - height, width and channels of an image
 * @example
 * const model: Model<Scalar, [8, 8, 1]> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(x, w) }
 * const recipe = { model, noising: unwrap(ddpm(cosine(1000))), optimizer: adam({ learningRate: 1e-3 }) }
 * const { leaves } = unwrap(trainStep(recipe, [8, 8, 1]).inputs)
 * leaves.find(({ path }) => path === 'examples.x0')?.shape // → ['B', 8, 8, 1]
 */
export const trainStep = <P, I extends Shape>(
  recipe: AnyRecipe<P, I>,
  image: Shape,
): Program<TrainStepInputs<I>, TrainStepResult> => {
  const { inputs, trace } = unguardedStep(recipe, image);
  return {
    inputs,
    trace: (inputs) => {
      const { state, report } = trace(inputs);
      const guarded = zipTensors((old, moved) => where(report.finite, where(isFinite(moved), moved, old), old));
      return { state: { ...guarded([inputs.state, state]), step: state.step }, report };
    },
  };
};

/**
 * Makes the tree of parameters, or of their average, from the vectors of a state. Pass the optimizer if it has groups.
 * @example
 * const { init, params } = layer({ w: parameter(allOnes), b: parameter(allZeros) }, ({ w }) => w)
 * const apply: Model<{ w: Scalar; b: Scalar }, []>['apply'] = ({ w, b }, x) => add(mul(w, x), b)
 * const model: Model<{ w: Scalar; b: Scalar }, []> = { init, params, apply, predicts: 'v' }
 * const tree = evaluate(parametersOf(model), {})({ vectors: [Float32Array.of(3, 4)] })
 * await using nf = await open(reference())
 * await nf.run(tree) // → { w: [3], b: [4] }
 */
export const parametersOf = <P, I extends Shape>(
  { params }: Pick<Model<P, I>, 'params'>,
  { groupOf }: Pick<Optimizer, 'groupOf'> = {},
): Program<{ readonly vectors: Vectors }, P> => ({
  inputs: attempt(() => treeSpec({ vectors: raveling(params, groupOf).vectors })),
  trace: ({ vectors }) => raveling(params, groupOf).unravel(vectors),
});

/**
 * The losses of held-out examples, `[B]`, under parameters that are stored as vectors. Draws times as usual, and drops no
 * condition. For a classifier also returns `accuracy`: 1 for each example whose class is correct.
 * @example
 * const apply: Model<Scalar, []>['apply'] = (grey, x) => add(zerosLike(x), grey)
 * const model: Model<Scalar, []> = { ...parameter(allZeros), predicts: 'x0', apply }
 * const recipe = { model, noising: unwrap(ddpm(cosine(1000))), optimizer: adam({ learningRate: 1e-3 }) }
 * const examples = { x0: Float32Array.of(1, -1), key: key(7) }
 * await using nf = await open(reference())
 * const measuring = evaluate(heldOutLosses(recipe, []), { B: 2 })({ params: [Float32Array.of(0.5)], examples })
 * const result = await nf.run(measuring)
 * result.losses // → [0.25, 2.25]
 */
export const heldOutLosses = <P, I extends Shape>(
  recipe: AnyRecipe<P, I>,
  image: Shape,
): Program<{ readonly params: Vectors; readonly examples: Examples<I> } & TeacherInputs, SampleLosses<'B'>> => ({
  inputs: attempt(() =>
    treeSpec({
      ...teacherSpec(recipe),
      params: ravelingOf(recipe).vectors,
      examples: examplesSpec(recipe, recipe.coupling?.heldOut, image),
    }),
  ),
  trace: ({ params, examples, teacher }) => {
    const { x0, noise, key } = examples;
    const losses = learningOf(recipe).heldOut();
    const conditions = allConditions(recipe, examples);
    return losses(ravelingOf(recipe).unravel(params), { x0, key, noise, conditions, teacher });
  },
});
