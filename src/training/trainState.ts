/** What training keeps on the backend from step to step, and the programs that begin and change it. */
import {
  type Model,
  type Process,
  simpleLoss,
  simpleLosses,
  type TimestepDraw,
  uniformTimesteps,
} from '../diffusion/index.js';
import {
  add,
  cast,
  dtypeOf,
  isFinite,
  type Key,
  leafSpec,
  program,
  type Program,
  type Scalar,
  scalar,
  select,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  treeSpec,
  type TreeSpec,
  valueAndGrad,
  zeros,
  zipTensors,
} from '../dsl/index.js';
import { ema, globalNorm, type Optimizer, type OptimizerState, rateAt } from '../nn/index.js';

/** Parameters, their moving average, the optimiser's memory, and the number of updates so far. */
export interface TrainState<P> {
  readonly params: P;
  readonly average: P;
  readonly optimizer: OptimizerState<P>;
  readonly step: Tensor<[], 'int32'>;
}

/**
 * The spec of a training state, for programs and checkpoints.
 *
 * @example
 * const { leaves } = trainState(treeSpec(leafSpec([64, 10])), adam({ learningRate: 1e-3 }))
 * const paths = leaves.map(({ path }) => path)
 * paths // → ['params', 'average', 'optimizer.first', 'optimizer.second', 'step']
 */
export const trainState = <P>(params: TreeSpec<P>, optimizer: Optimizer): TreeSpec<TrainState<P>> =>
  treeSpec({ params, average: params, optimizer: optimizer.state(params), step: leafSpec([], 'int32') });

/** What a recipe has where it says nothing. */
export const defaults = { averageDecay: 0.995, labelDropout: 0 } as const;

/** What is to be learned, and how. */
export interface Recipe<P, I extends Shape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  readonly optimizer: Optimizer;
  /** The decay of the moving average of the parameters, from which samples are drawn; 0.995 if not given. */
  readonly averageDecay?: number;
  /** The probability with which a label is forgotten, for classifier-free guidance; 0 if not given. */
  readonly labelDropout?: number;
  /** How the timesteps of a batch are drawn; each for itself, uniformly, if not given. */
  readonly timesteps?: TimestepDraw;
}

/**
 * The state to begin with, drawn from `key`: the average is that of the first parameters.
 *
 * @example
 * const model: Model<Scalar, []> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(w)(x) }
 * const optimizer = adam({ learningRate: 1e-3 })
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => compile(initialState({ model, process, optimizer }), {})),
 *   RTE.flatMapTaskEither(({ run }) => run({ key: key(7) })),
 *   RTE.flatMap(({ average }) => read(average)),
 *   using(reference()),
 * )() // → E.right([1])
 */
export const initialState = <P, I extends Shape>({
  model,
  optimizer,
}: Recipe<P, I>): Program<{ readonly key: Key }, TrainState<P>> =>
  program({ key: 'key' }, ({ key }) => {
    const params = model.init(key);
    return { params, average: params, optimizer: optimizer.init(params), step: cast('int32')(zeros()) };
  });

/** Some images of shape `I` with their classes, and what is drawn for them. */
export interface Examples<I extends Shape> {
  /** `[B, ...I]`, in [-1, 1]. */
  readonly x0: Tensor<['B', ...I]>;
  /** `[B]`, where the model has classes. */
  readonly label?: Tensor<['B'], 'int32'>;
  readonly key: Key;
}

const examples = <P, I extends Shape>({ classes }: Model<P, I>, image: Shape): TreeSpec<Examples<I>> =>
  treeSpec({
    x0: leafSpec(['B', ...image]),
    ...(classes === undefined ? {} : { label: leafSpec(['B'], 'int32') }),
    key: leafSpec([], 'key'),
  });

/** What a step reports: the loss of its batch, and the norm of the whole gradient before it is changed. */
export interface Report {
  readonly loss: Scalar;
  readonly gradientNorm: Scalar;
  readonly learningRate: Scalar;
  /** Whether loss, gradient and the new parameters are finite: where not, the state stays as it was. */
  readonly sound: Tensor<[], 'bool'>;
}

/** What a step gives. */
export interface StepResult<P> {
  readonly state: TrainState<P>;
  readonly report: Report;
}

/** What a step takes: the state, which it donates, and examples. */
export interface StepInputs<P, I extends Shape> {
  readonly state: TrainState<P>;
  readonly examples: Examples<I>;
}

/** Whether all float32 numbers of a tree are finite: their sum is, unless some are close to overflow too. */
const isFiniteTree = (tree: unknown): Tensor<[], 'bool'> =>
  isFinite(
    tensorsOf(tree)
      .map(({ leaf }) => leaf)
      .filter((x): x is Tensor<Shape> => dtypeOf(x) === 'float32')
      .reduce<Scalar>((total, x) => add(sum(x))(total), scalar(0)),
  );

/**
 * A step whose new state is taken as it comes, not finite numbers included: to find out where those begin.
 * Otherwise {@link trainStep}.
 */
export const unguardedStep = <P, I extends Shape>(
  recipe: Recipe<P, I>,
  image: Shape,
): Program<StepInputs<P, I>, StepResult<P>> => {
  const {
    model,
    process,
    optimizer,
    averageDecay = defaults.averageDecay,
    labelDropout = defaults.labelDropout,
    timesteps = uniformTimesteps,
  } = recipe;
  const loss = simpleLoss(process, model, { labelDropout, timesteps });
  const inputs: TreeSpec<StepInputs<P, I>> = treeSpec({
    state: trainState(model.params, optimizer),
    examples: examples(model, image),
  });
  return program(inputs, ({ state, examples: { x0, label, key } }) => {
    const { value, grad } = valueAndGrad((params: P) => loss(params, x0, key, label))(state.params);
    const gradientNorm = globalNorm<P>(grad);
    const updated = optimizer.update<P>(grad, state.optimizer, state.params, state.step);
    const moved = {
      params: updated.params,
      average: ema(averageDecay)(state.average, updated.params, state.step),
      optimizer: updated.state,
    };
    return {
      state: { ...moved, step: add(1)(state.step) },
      report: {
        loss: value,
        gradientNorm,
        learningRate: rateAt(optimizer.learningRate)(state.step),
        sound: isFiniteTree([value, gradientNorm, updated.params]),
      },
    };
  });
};

/**
 * One step of training: Algorithm 1 of DDPM (Ho et al. 2020), lines 2 to 5, with an optimiser. Where the
 * loss, the gradient or the new parameters are not finite the state stays as it is, but for the step's number;
 * and a number of the state that would not be finite keeps the value it had, whatever the optimiser.
 *
 * @param image - height, width and channels of an image
 * @example
 * const model: Model<Scalar, [8, 8, 1]> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(w)(x) }
 * const optimizer = adam({ learningRate: 1e-3 })
 * const spec = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => trainStep({ model, process, optimizer }, [8, 8, 1]).inputs),
 * )
 * const shapeAt = (path: string) => E.map((s: TreeSpec<unknown>) => s.leaves.find((leaf) => leaf.path === path)?.shape)
 * pipe(spec, shapeAt('examples.x0')) // → E.right(['B', 8, 8, 1])
 */
export const trainStep = <P, I extends Shape>(
  recipe: Recipe<P, I>,
  image: Shape,
): Program<StepInputs<P, I>, StepResult<P>> => {
  const { inputs, trace } = unguardedStep(recipe, image);
  return {
    inputs,
    trace: (given) => {
      const { state, report } = trace(given);
      const guarded = zipTensors((old, moved) =>
        select(report.sound, old)(select(isFinite(moved), old)(moved)),
      );
      // the number of the step is an int32, which `zipTensors` takes from the first tree
      return { state: { ...guarded(given.state, state), step: state.step }, report };
    },
  };
};

/**
 * The loss of given parameters on each of some examples, `[B]`: for images that are held out.
 *
 * @example
 * const model: Model<Scalar, []> = {
 *   ...parameter(allZeros),
 *   predicts: 'x0',
 *   apply: (grey, x) => add(grey)(zerosLike(x)),
 * }
 * const examples = { x0: Float32Array.of(1, -1), key: key(7) }
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.map((process) => heldOutLosses({ model, process, optimizer: adam({ learningRate: 1e-3 }) }, [])),
 *   RTE.flatMap((losses) => compile(losses, { B: 2 })),
 *   RTE.flatMapTaskEither(({ run }) => run({ params: 0.5, examples })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([0.25, 2.25])
 */
export const heldOutLosses = <P, I extends Shape>(
  { model, process }: Recipe<P, I>,
  image: Shape,
): Program<{ readonly params: P; readonly examples: Examples<I> }, Tensor<['B']>> => {
  const perSample = simpleLosses(process, model);
  const inputs: TreeSpec<{ readonly params: P; readonly examples: Examples<I> }> = treeSpec({
    params: model.params,
    examples: examples(model, image),
  });
  return program(
    inputs,
    ({ params, examples: { x0, label, key } }) => perSample(params, x0, key, label).losses,
  );
};
