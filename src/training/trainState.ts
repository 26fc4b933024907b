/** What training keeps on the backend from step to step, and the programs that begin and change it. */
import { asAdaptive, type DrawMemory, type Model, withoutDropout } from '../diffusion/index.js';
import {
  add,
  attempt,
  dtypeOf,
  fork,
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
  valueAuxAndGrad,
  zeros,
  zipTensors,
} from '../dsl/index.js';
import { ema, globalNorm, type Learned, learner, rateAt } from '../nn/index.js';
import { defaults, type Recipe } from './recipe.js';

/** Parameters, their moving average, what optimiser and draw of timesteps remember, and the number of updates so far. */
export interface TrainState<P> extends Learned<P> {
  readonly average: P;
  readonly timesteps: DrawMemory;
}

/** What the draw of timesteps of a recipe remembers, made of each shape. */
const drawMemory = <P, I extends Shape, A>(
  { process, timesteps = defaults.timesteps }: Recipe<P, I>,
  make: (shape: readonly number[]) => A,
): Readonly<Record<string, A>> =>
  Object.fromEntries(
    Object.entries(asAdaptive(timesteps).memory(process)).map(([name, shape]) => [name, make(shape)]),
  );

/**
 * The spec of a training state, for programs and checkpoints.
 *
 * @example
 * const model: Model<Scalar, []> = { ...parameter(allOnes), predicts: 'v', apply: (w, x) => mul(w)(x) }
 * const optimizer = adam({ learningRate: 1e-3 })
 * const paths = pipe(
 *   ddpm(cosine(1000)),
 *   E.map((process) => trainState({ model, process, optimizer, timesteps: importanceTimesteps() })),
 *   E.map(({ leaves }) => leaves.map(({ path }) => path)),
 * )
 * paths // → E.right(['params', 'optimizer.first', 'optimizer.second', 'step', 'average', 'timesteps.losses', 'timesteps.seen'])
 */
export const trainState = <P, I extends Shape>(recipe: Recipe<P, I>): TreeSpec<TrainState<P>> => {
  const { state } = learner(recipe.model, recipe.optimizer);
  return treeSpec({
    ...state,
    average: state.params,
    timesteps: drawMemory(recipe, (shape) => leafSpec(shape)),
  });
};

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
export const initialState = <P, I extends Shape>(
  recipe: Recipe<P, I>,
): Program<{ readonly key: Key }, TrainState<P>> =>
  program({ key: 'key' }, ({ key }) => {
    const learned = learner(recipe.model, recipe.optimizer).init(key);
    return {
      ...learned,
      average: learned.params,
      timesteps: drawMemory(recipe, (shape) => zeros(...shape)),
    };
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

/** The condition of examples, where the recipe has one: made anew in each step, from a key of its own. */
const conditionOf = <P, I extends Shape>({ condition }: Recipe<P, I>, { x0, key }: Examples<I>) =>
  condition?.(x0, fork(key, 'condition').condition);

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
    loss = defaults.loss,
    averageDecay = defaults.averageDecay,
    labelDropout = defaults.labelDropout,
    timesteps = defaults.timesteps,
  } = recipe;
  const { draw, mean, record } = asAdaptive(timesteps);
  const inputs = attempt(() =>
    treeSpec<StepInputs<P, I>>({ state: trainState(recipe), examples: examples(model, image) }),
  );
  const trace: Program<StepInputs<P, I>, StepResult<P>>['trace'] = ({ state, examples: given }) => {
    const { x0, label, key } = given;
    const condition = conditionOf(recipe, given);
    const losses = loss(process, model, { labelDropout, timesteps: draw(state.timesteps) });
    const { value, aux, grad } = valueAuxAndGrad((params: P) => {
      const drawn = losses(params, x0, key, label, condition);
      return [mean(state.timesteps)(drawn), drawn];
    })(state.params);
    const gradientNorm = globalNorm<P>(grad);
    const moved = learner(model, optimizer).update(grad, state);
    const next = {
      ...moved,
      average: ema(averageDecay)(state.average, moved.params, state.step),
      timesteps: record(state.timesteps)(aux),
    };
    return {
      state: next,
      report: {
        loss: value,
        gradientNorm,
        learningRate: rateAt(optimizer.learningRate)(state.step),
        sound: isFiniteTree([value, gradientNorm, next.params]),
      },
    };
  };
  return { inputs, trace };
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
 * The loss of a recipe for given parameters on each of some examples, `[B]`, at uniform timesteps and with every label:
 * for images that are held out.
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
  recipe: Recipe<P, I>,
  image: Shape,
): Program<{ readonly params: P; readonly examples: Examples<I> }, Tensor<['B']>> => {
  const { model, process, loss = defaults.loss } = recipe;
  const inputs: TreeSpec<{ readonly params: P; readonly examples: Examples<I> }> = treeSpec({
    params: model.params,
    examples: examples(model, image),
  });
  return program(inputs, ({ params, examples: given }) => {
    const { x0, label, key } = given;
    return loss(process, withoutDropout(model))(params, x0, key, label, conditionOf(recipe, given)).losses;
  });
};
