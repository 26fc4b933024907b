/** Diffusion in the plane: a network that learns points, the exact denoiser of the points, and films of both. */
import {
  atTimes,
  type Conditioning,
  cosine,
  ddim,
  ddpm,
  type Denoiser,
  type Grid,
  isDiscrete,
  linear,
  type Model,
  type Noising,
  rectifiedFlow,
  type Sampler,
  sampler,
  simpleLoss,
  stratifiedTimes,
} from 'noisefold/diffusion';
import {
  add,
  ascribeLike,
  broadcastTo,
  concatAll,
  constantOf,
  cos,
  type Dim,
  dims,
  div,
  fork,
  gather,
  type Key,
  matmul,
  mul,
  type NoisefoldError,
  normal,
  program,
  randint,
  reshape,
  scaleBy,
  scalar,
  silu,
  sin,
  slice,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  treeSpec,
  type TreeSpec,
  valueAndGrad,
} from 'noisefold/dsl';
import { adam, cosineDecay, layer, learner, linearLayer, type ParamsOf, timeEmbedding, type Times } from 'noisefold/nn';
import { either as E } from 'fp-ts';
import { ARROWS, DOTS, type PlanePath, type Prediction, REACH, UPDATES } from '../shared/plane.js';

const BATCH = 256;
const WIDTH = 64;

/** The frequencies of the waves of coordinates that the network gets, so that it learns fine shapes soon. */
const WAVES = [1, 2, 4] as const;

const parts = {
  time: timeEmbedding({ timesteps: 'continuous', size: 32, outputs: WIDTH, sinusoid: 'ddpm' }),
  first: linearLayer({ inputs: 2 + 4 * WAVES.length, outputs: WIDTH }),
  hidden: [linearLayer({ inputs: WIDTH, outputs: WIDTH }), linearLayer({ inputs: WIDTH, outputs: WIDTH })],
  last: linearLayer({ inputs: WIDTH, outputs: 2 }),
};
export type PlaneParams = ParamsOf<typeof parts>;

const dots = layer(
  parts,
  ({ time, first, hidden, last }) =>
    <B extends Dim>(x: Tensor<[B, 2]>, t: Times<B>): Tensor<[B, 2]> => {
      const waves = WAVES.flatMap((k) => [sin(mul(x, k * Math.PI)), cos(mul(x, k * Math.PI))]);
      const h = silu(add(first(concatAll([x, ...waves], 1) as Tensor<[B, Dim]>), time(t))); // [B, WIDTH]
      return last(hidden.reduce((before, next) => silu(next(before)), h));
    },
);

/** A small network of points, `[B, 2]`, at their times, `[B]`. */
export const network = (predicts: Prediction): Model<PlaneParams, [2]> => ({
  ...dots,
  predicts,
  apply: (params, x, { t }) => dots.apply(params)(x, t),
});

/** Points as the data: `[N, 2]`. */
export type Points = Tensor<[Dim, 2]>;

/** The exact denoiser of points: E[x₀|x_t] = Σ wᵢ·pᵢ with w = softmax(-|x_t - α·pᵢ|²/2σ²), since x_t ~ N(α·pᵢ, σ²) for one of them. */
export const exact: Denoiser<Points, [2]> = {
  predicts: 'x0',
  clock: 'level',
  apply: <B extends Dim>(points: Points, x: Tensor<[B, 2]>, { level }: Conditioning<NoInfer<B>>) => {
    const { alpha, sigma } = level!; // of a sampler
    const [[B], [N]] = [dims(x), dims(points)];
    const pairs = (each: Tensor<[Dim, Dim, 2]>) => broadcastTo(each, B, N, 2);
    const distance = sub(pairs(reshape(x, B, 1, 2)), scaleBy(pairs(reshape(points, 1, N, 2)), alpha));
    const w = softmax(scaleBy(sum(square(distance), 2), div(-0.5, square(sigma)))); // [B, N]
    return ascribeLike(matmul(w, points), x);
  },
};

const noisings: Readonly<Record<PlanePath, () => E.Either<NoisefoldError, Noising>>> = {
  cosine: () => ddpm(cosine(1000)),
  linear: () => ddpm(linear(1000)),
  rectifiedFlow: () => E.right(rectifiedFlow()),
};

/** The noising of a path. */
export const noisingOf = (path: PlanePath): E.Either<NoisefoldError, Noising> => noisings[path]();

/** The training of a network on points: its first state, and an update by a batch of them. */
export const training = (noising: Noising, predicts: Prediction) => {
  const model = network(predicts);
  const learningRate = cosineDecay(1e-2, { steps: UPDATES, floor: 0.02 });
  const { state, init, update } = learner(model, adam({ learningRate }));
  const loss = simpleLoss(noising, model, { times: stratifiedTimes });
  return {
    begin: program('key', (key) => ({ learned: init(key) })),
    step: program({ learned: state, points: 'N 2', key: 'key' }, ({ learned, points, key }) => {
      const keys = fork(key, 'rows', 'noise');
      const x0 = gather(points, randint(keys.rows, 0, dims(points)[0], BATCH));
      const { value, grad } = valueAndGrad((params: PlaneParams) => loss(params, { x0, key: keys.noise }))(
        learned.params,
      );
      return { learned: update(grad, learned), loss: value };
    }),
  };
};

/** `evenGrid(steps, { shift: 0.1 })`, which has more steps near the data than near the noise, in less code. */
const grid =
  (steps: number): Grid =>
  (noising) => {
    const fractions = Array.from({ length: steps }, (_, i) => (steps - i) / (steps + 9 * i));
    return atTimes(isDiscrete(noising) ? fractions.map((t) => 1000 * t - 1) : fractions)(noising);
  };

/** The sampler of a denoiser. */
export const walkOf = <P>(noising: Noising, denoiser: Denoiser<P, [2]>, steps: number) =>
  sampler({ noising, denoiser, solver: ddim(), grid: grid(steps) });

/** The places where the arrows begin, `[ARROWS², 2]`. */
const lattice = Float32Array.from({ length: 2 * ARROWS ** 2 }, (_, i) => {
  const at = i % 2 === 0 ? (i / 2) % ARROWS : Math.floor(i / 2 / ARROWS);
  return REACH * ((2 * at) / (ARROWS - 1) - 1);
});

type Rows = Tensor<[Dim, 2]>;

/** The steps of all dots in one program, `[steps·(2·DOTS + ARROWS²), 2]`: x_t, and the x̂₀ of the dots and of the arrows. */
export const filmOf = <P>({ start, step, steps }: Sampler<P, [2]>, params: TreeSpec<P>) =>
  program(treeSpec<{ params: P; key: Key }>({ params, key: 'key' }), ({ params: p, key }) => {
    const arrows = constantOf(lattice, ARROWS ** 2, 2);
    const frames: Rows[] = [];
    let x: Rows = start(normal(key, DOTS, 2)).x;
    for (let i = 0; i < steps; i++) {
      const { state, x0 } = step(
        p,
        { x: concatAll([x, arrows], 0) as Rows, memory: [] },
        { index: scalar(i, 'int32') },
      );
      frames.push(x, x0);
      x = slice(state.x, 0, 0, DOTS) as Rows;
    }
    return concatAll(frames as [Rows, ...Rows[]], 0); // of one step or more
  });
