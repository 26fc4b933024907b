/**
 * Images from noise, step by step. To draw is to inpaint an image of which nothing is known: one program does both.
 */
import {
  type Backend,
  compile,
  type Dim,
  foldIn,
  fork,
  iterate,
  type Key,
  key,
  leafSpec,
  type NoisefoldError,
  normal,
  program,
  read,
  release,
  type Resident,
  type Shape,
  type StopSignal,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Value,
} from 'noisefold/dsl';
import { inpainting, type Known as KnownImages, sampler, type SampleState } from 'noisefold/diffusion';
import type { UNetParams } from 'noisefold/nn';
import { pixelOf } from 'noisefold/training';
import { either as E, function as F, type io as IO, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { partsOf } from '../../mnist/recipe.js';
import { AREA, SIDE } from '../shared/extent.js';
import type { Known, Paint, Pixels } from '../shared/messages.js';
import type { Lesson } from './lesson.js';

/** What a painter is compiled for. */
export interface Manner extends Pick<Paint, 'steps' | 'guidance'> {
  readonly count: number;
  /** How often each step is walked: what is painted then agrees better with what is known. */
  readonly resamples: number;
}

/** Images on their way. */
export interface Frame {
  readonly index: number;
  readonly of: number;
  readonly t: number;
  /** x_t */
  readonly image: Pixels;
  /** x̂₀, that the network makes of it. */
  readonly guess: Pixels;
}

export interface Painter {
  /** Paints with the averaged parameters as they are now; `show` sees each frame. */
  readonly paint: (
    paint: Paint,
    show: (frame: Frame) => IO.IO<void>,
    signal: StopSignal,
  ) => TE.TaskEither<NoisefoldError, void>;
  readonly release: IO.IO<void>;
}

type Images = [Dim, Dim, Dim, Dim];

export const mannerOf = ({ steps, guidance, labels, known }: Paint): Manner => ({
  steps,
  guidance,
  count: labels.length,
  resamples: known === null ? 1 : 2,
});

/** From [-1, 1] to bytes; noise may lie beyond. */
const pixelsOf = (numbers: ArrayLike<number>): Pixels =>
  new Uint8Array(Uint8ClampedArray.from(numbers, (x) => (x + 1) * 127.5).buffer);

const seen = (x: Value<Shape>): RTE.ReaderTaskEither<Backend, NoisefoldError, Pixels> =>
  RTE.map(pixelsOf)(read(x));

/** One image for each of a batch: numbers in [-1, 1], and 1 where it is known. */
const knownOf = (known: Known | null, count: number) => {
  const repeated = (f: (pixel: number) => number): Float32Array =>
    Float32Array.from({ length: count * AREA }, (_, i) => f(i % AREA));
  return {
    image: repeated((pixel) => pixelOf(known?.image[pixel] ?? 0)),
    mask: repeated((pixel) => 1 - (known?.mask[pixel] ?? 1)),
  };
};

/** What a step takes. */
interface Given {
  readonly params: UNetParams;
  readonly state: SampleState<Images>;
  readonly known: KnownImages<Dim, [Dim, Dim, Dim]>;
  readonly label: Tensor<[Dim], 'int32'>;
  readonly index: Tensor<[], 'int32'>;
  readonly key: Key;
}

const specOf = (params: TreeSpec<UNetParams>, count: number, memory: number): TreeSpec<Given> => {
  const x = leafSpec([count, SIDE, SIDE, 1]);
  return treeSpec({
    params,
    state: { x, memory: Array.from({ length: memory }, () => x) },
    known: { image: x, mask: x },
    label: leafSpec([count], 'int32'),
    index: leafSpec([], 'int32'),
    key: leafSpec([], 'key'),
  });
};

/** Compiles what paints with the network of a lesson. What does not fit together is a `ConfigError`. */
export const painter =
  ({ plan, run }: Lesson, { steps, guidance, count, resamples }: Manner) =>
  (backend: Backend): TE.TaskEither<NoisefoldError, Painter> =>
    F.pipe(
      partsOf(plan.recipe, { sampler: `ddim:${steps}`, guidance }),
      E.bindTo('parts'),
      E.bind('walk', ({ parts: { process, model, solver, grid, guidance: guiding } }) =>
        sampler({ process, denoiser: model, solver, grid, guidance: guiding }),
      ),
      E.bind('way', ({ walk }) => inpainting({ resamples })(walk)),
      RTE.fromEither,
      RTE.bind('begin', ({ way }) =>
        compile(
          program('key', (k) => ({ state: way.start(normal(k, count, SIDE, SIDE, 1)) })),
          {},
        ),
      ),
      RTE.bind('step', ({ parts: { model }, way }) =>
        compile(
          program(specOf(model.params, count, way.memory), ({ params, state, ...given }) =>
            way.step(params, state, given),
          ),
          {},
          { donate: ['state'] },
        ),
      ),
      RTE.map(({ walk, way, begin, step }): Painter => {
        // which step of the sampler each step is of, and so its timestep
        const timestepAt = (index: number): number => walk.timesteps[Math.floor(index / resamples)] ?? 0;
        return {
          paint: ({ labels, seed, known }, show, signal) => {
            const keys = fork(key(seed), 'start', 'steps');
            const still = { known: knownOf(known, count), label: Int32Array.from(labels) };
            let before: Pixels; // x_t, which is shown with the guess that the step makes of it
            const frame = (index: number, guess: Pixels): IO.IO<void> =>
              show({ index, of: way.steps, t: timestepAt(index), image: before, guess });
            const painted = (params: Resident<UNetParams>) =>
              F.pipe(
                begin.run(keys.start),
                TE.flatMap((first) =>
                  F.pipe(
                    seen(first.state.x)(backend),
                    TE.map((pixels) => (before = pixels)),
                    TE.tapError(() => release(first)(backend)),
                    TE.flatMap(() =>
                      iterate(step, {
                        name: 'painting',
                        times: way.steps,
                        inputs: (index) => ({ ...still, params, index, key: foldIn(keys.steps, index) }),
                        onStep: ({ state, x0 }, index) =>
                          F.pipe(
                            seen(x0),
                            RTE.tapIO((guess) => frame(index, guess)),
                            RTE.flatMap(() => seen(state.x)),
                            RTE.map((pixels) => (before = pixels)),
                          ),
                        signal,
                      })({ state: first.state })(backend),
                    ),
                  ),
                ),
                TE.tapIO(() => frame(way.steps, before)),
                TE.flatMap((state) => release(state)(backend)),
              );
            return TE.bracket(run.average, painted, (params) => release(params)(backend));
          },
          release: () => {
            begin.release();
            step.release();
          },
        };
      }),
    )(backend);
