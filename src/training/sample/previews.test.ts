import { describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import {
  ancestral,
  cosine,
  ddim,
  ddpm,
  dpmSolverPP,
  heun,
  type Model,
  sampler,
  type Solver,
} from '../../diffusion/index.js';
import {
  add,
  type Backend,
  failure,
  fullLike,
  key,
  type NoisefoldError,
  tanh,
  using,
  zerosLike,
} from '../../dsl/index.js';
import type { Plan } from '../../dsl/plan/plan.js';
import { E, TE } from '../../internal/fp.js';
import { layer } from '../../nn/index.js';
import { sample } from './sample.js';
import type { Trained } from '../../checkpoints/trained.js';
import type { Preview, Sampling } from './sampling.js';
import { right } from '../testing.js'; // oxfmt-ignore

const noising = right(ddpm(cosine(1000)));
const trained = (model: Model<object, [2, 2, 1]>): Trained<object, [2, 2, 1]> => ({ model, noising, image: [2, 2, 1], params: {} }); // oxfmt-ignore
/** A model that depends on x_t, so that x̂₀ changes from step to step. */
const moving = trained({ ...layer({}, () => null), predicts: 'x0', apply: (_, x) => tanh(x) });
const constant = trained({ ...layer({}, () => null), predicts: 'v', apply: (_, x) => zerosLike(x) });

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const parts = { solver: ddim(), grid: 6, count: 5, batch: 2, key: key(4) } as const;

/** The samples, and the previews that were shown. */
const seen = (change: Partial<Sampling>, every: number, of = moving) =>
  onWasm(async (backend) => {
    const previews: Preview[] = [];
    const show = (preview: Preview) => TE.fromIO(() => void previews.push(preview));
    const images = right(await sample({ ...parts, ...change, previews: { every, show } })(of)(backend)());
    return { images, previews };
  });

describe('previews', () => {
  test('are shown after every n-th step of a batch, for the requested samples', async () => {
    const { previews } = await seen({}, 4);
    expect(previews.map(({ first, done, of, images }) => [first, done, of, images.shape])).toEqual([
      [0, 4, 18, [2, 2, 2, 1]],
      [2, 10, 18, [2, 2, 2, 1]],
      [4, 16, 18, [1, 2, 2, 1]], // the last batch is filled up
    ]);
  });

  test('are the prediction of the step; at the last step, which ends at the data, the sample', async () => {
    const { images, previews } = await seen({}, 1);
    const [before, last] = [previews.at(-2)!, previews.at(-1)!];
    expect(last.images.data).toEqual(images.data.subarray(4 * 4));
    expect(before.images.data).not.toEqual(last.images.data);
  });

  test('of a solver that evaluates twice are those of each evaluation', async () => {
    let calls = 0;
    const counting = trained({
      ...layer({}, () => null),
      predicts: 'x0',
      apply: (_, x) => add(zerosLike(x), fullLike(x, ++calls / 4)),
    });
    const { previews } = await seen({ solver: heun(), count: 1 }, 1, counting);
    expect(calls).toBe(1); // one evaluation is traced
    const { steps } = right(sampler({ noising, denoiser: counting.model, grid: 6, solver: heun() }));
    expect(steps).toBeGreaterThan(6);
    expect(previews.map(({ done, of }) => [done, of])).toEqual(Array.from({ length: steps }, (_, i) => [i + 1, steps]));
    for (const { images } of previews) expect(images.data).toEqual(new Float32Array(4).fill(0.25));
  });

  test('change no sample, and cost no evaluation: without previews the step does not output x̂₀', () =>
    onWasm(async (backend) => {
      const plans: Plan[] = [];
      const watched: Backend = {
        ...backend,
        compile: (plan) => {
          plans.push(plan);
          return backend.compile(plan);
        },
      };
      for (const solver of [ddim(), ancestral(), dpmSolverPP({ order: 2 })]) {
        plans.length = 0;
        const show = () => TE.right(undefined);
        const plain = right(await sample({ ...parts, solver })(moving)(watched)());
        const shown = right(await sample({ ...parts, solver, previews: { every: 2, show } })(moving)(watched)());
        expect(shown).toEqual(plain);
        const [, step, , , showing] = plans; // each sampling compiles three programs
        const { memory } = right(sampler({ noising, denoiser: moving.model, grid: parts.grid, solver }));
        expect(step!.outputs).toHaveLength(1 + memory);
        expect(showing!.outputs).toHaveLength(step!.outputs.length + 1);
        const evaluations = ({ calls }: Plan): number => JSON.stringify(calls).split('"tanh"').length - 1;
        expect(evaluations(step!)).toBeGreaterThan(0);
        expect(evaluations(showing!)).toBe(evaluations(step!));
      }
    })); // oxfmt-ignore

  test('that fail end the sampling with their error, and all memory is freed', () =>
    onWasm(async (backend) => {
      const full = failure('FileError', { where: 'preview', expected: 'room', actual: 'none', hint: 'make some' });
      let shown = 0;
      const show = (): TE.TaskEither<NoisefoldError, void> => (++shown === 2 ? TE.left(full) : TE.right(undefined));
      expect(await sample({ ...parts, previews: { every: 2, show } })(moving)(backend)()).toEqual(E.left(full));
      expect(shown).toBe(2);
      expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    })); // oxfmt-ignore

  test('every 0 steps are a ConfigError', () =>
    onWasm(async (backend) => {
      const previews = { every: 0, show: () => TE.right(undefined) };
      expect(await sample({ ...parts, previews })(moving)(backend)()).toMatchObject({
        left: { _tag: 'ConfigError', where: 'sample.previews.every' },
      });
    }));
});

describe('the memory of a sampling does not grow', () => {
  const solvers: Readonly<Record<string, Solver>> = {
    ddim: ddim(),
    ancestral: ancestral(),
    'dpmSolverPP of order 3': dpmSolverPP({ order: 3 }),
    heun: heun(),
  };
  test.each(Object.entries(solvers))('%s, with previews and without', (_, solver) =>
    onWasm(async (backend) => {
      const bytesOf = async (change: Partial<Sampling>): Promise<readonly number[]> => {
        const bytes: number[] = [];
        const onStep = (): void => void bytes.push(backend.stats().bytes);
        right(await sample({ ...parts, solver, grid: 300, onStep, ...change })(constant)(backend)());
        expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
        return bytes;
      };
      const { steps } = right(sampler({ noising, denoiser: constant.model, grid: 300, solver }));
      for (const change of [{}, { previews: { every: 3, show: () => TE.right(undefined) } }]) {
        const bytes = await bytesOf(change);
        expect(bytes).toHaveLength(3 * steps);
        expect(new Set(bytes).size).toBe(1);
      }
    }),
  );
});
