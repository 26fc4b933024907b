/** The reverse process: x_t, and below it x̂₀ of the best denoiser. */
import {
  type Backend,
  compile,
  concatAll,
  evaluate,
  foldIn,
  fork,
  key,
  type NoisefoldError,
  normal,
  program,
  read,
} from 'noisefold/dsl';
import {
  ancestral,
  cosine,
  ddpm,
  exactDenoiser,
  type GaussianMixture,
  type DiscreteNoising,
  sampler,
} from 'noisefold/diffusion';
import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { type Image, mixtureOfDigits } from './digits.js';
import type { Sheet } from './sheet.js';

/** The timesteps of the columns. */
const SHOWN = [999, 900, 800, 700, 600, 500, 400, 300, 200, 100, 0];

/** The numbers of an image. */
const PIXELS = 28 * 28;

const keys = fork(key(11), 'start', 'steps');

/** One step of Algorithm 2, and a column of the picture: x_t of two digits, each above its x̂₀. */
const stepOf = (noising: DiscreteNoising, digits: GaussianMixture<Image>) => {
  const denoiser = exactDenoiser(noising)(digits);
  return F.pipe(
    sampler({ noising, denoiser, solver: ancestral() }),
    E.map(({ start, step }) =>
      program({ x: '2 28 28 1', index: ':int32', k: 'key' }, ({ x, index, k }) => {
        const { state, x0 } = step(null, start(x), { index, key: k });
        return { x: state.x, column: concatAll([x, x0], 1) };
      }),
    ),
  );
};

const noise = evaluate(
  program({ k: 'key' }, ({ k }) => ({ x: normal(k, 2, 28, 28, 1) })),
  {},
)({ k: keys.start });

/** Runs all steps from noise to digits, and returns the columns. */
const columns =
  (noising: DiscreteNoising, digits: GaussianMixture<Image>) =>
  (backend: Backend): (() => Promise<E.Either<NoisefoldError, readonly (readonly number[])[]>>) =>
  async () => {
    const step = await F.pipe(
      RTE.fromEither(stepOf(noising, digits)),
      RTE.flatMap((step) => compile(step, {})),
    )(backend)();
    if (E.isLeft(step)) return step;
    const start = await noise(backend)();
    if (E.isLeft(start)) return start;
    let x: Parameters<typeof step.right.run>[0]['x'] = start.right.x;
    const columns: (readonly number[])[] = [];
    for (let t = noising.schedule.T - 1; t >= 0; t--) {
      const index = noising.schedule.T - 1 - t;
      const move = step.right.run({ x, index, k: foldIn(keys.steps, index) });
      const next = await move();
      if (E.isLeft(next)) return next;
      if (SHOWN.includes(t)) {
        const column = await read(next.right.column)(backend)();
        if (E.isLeft(column)) return column;
        columns.push(Array.from(column.right));
      }
      x = next.right.x;
    }
    return E.right(columns);
  };

export const reverse = F.pipe(
  RTE.Do,
  RTE.bind('noising', () => RTE.fromEither(ddpm(cosine(1000)))),
  RTE.bind('digits', () => RTE.fromTaskEither(mixtureOfDigits)),
  RTE.flatMap(({ noising, digits }) => columns(noising, digits)),
  RTE.map((columns): Sheet => ({
    images: {
      shape: [4 * SHOWN.length, 28, 28, 1],
      data: Float32Array.from(
        [0, 1, 2, 3].flatMap((i) => columns.flatMap((column) => column.slice(i * PIXELS, (i + 1) * PIXELS))),
      ),
    },
    rows: ['xₜ', 'x̂₀', 'xₜ', 'x̂₀'],
    columns: SHOWN.map(String),
    corner: 't',
    scale: 3,
  })),
);
