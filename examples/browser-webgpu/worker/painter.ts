/** Images from noise or from a noisy image, step by step. */
import {
  type Backend,
  compile,
  foldIn,
  fork,
  iterate,
  key,
  type NoisefoldError,
  normal,
  program,
  read,
  release,
  type Resident,
  type Shape,
  type StopSignal,
  upload,
  type Value,
} from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { pixelOf } from 'noisefold/training';
import { function as F, type io as IO, taskEither as TE } from 'fp-ts';
import type { Known, Paint, Pixels } from '../shared/messages.js';
import type { Parts } from './network.js';
import { type Kind, stepProgram } from './step.js';
import { walkOf } from './walk.js';

/** A network to draw with. */
export interface Network extends Parts {
  /** Gets the parameters for one request. `giveBack` returns them. */
  readonly borrow: TE.TaskEither<NoisefoldError, Resident<UNetParams>>;
  readonly giveBack: (params: Resident<UNetParams>) => TE.TaskEither<NoisefoldError, void>;
}

/** Images during sampling. */
export interface Frame {
  readonly index: number;
  readonly of: number;
  readonly t: number;
  /** x_t */
  readonly image: Pixels;
  /** x̂₀, the estimate of the network. */
  readonly guess: Pixels;
}

/** The result of a request. */
export interface Result {
  readonly x: Float32Array<ArrayBuffer>;
  /** The number of images that the network looked at. */
  readonly evaluations: number;
}

export interface Painter {
  /** Paints, and returns the numbers of the last x and the number of evaluations; `show` receives each frame. */
  readonly paint: (
    paint: Paint,
    show: (frame: Frame) => IO.IO<void>,
    signal: StopSignal,
  ) => TE.TaskEither<NoisefoldError, Result>;
  readonly release: IO.IO<void>;
}

/** At scale 0 the prediction is that for no class, so one evaluation is enough, as at scale 1. */
export const kindOf = ({ guidance, conditions, known }: Paint): Kind => ({
  count: Object.values(conditions)[0]?.length ?? 0,
  guided: guidance !== 0 && guidance !== 1,
  repairs: known !== null,
});

/** Converts [-1, 1] to bytes, and clips noise. */
const pixelsOf = (numbers: ArrayLike<number>): Pixels =>
  new Uint8Array(Uint8ClampedArray.from(numbers, (x) => (x + 1) * 127.5).buffer);

const seen =
  (backend: Backend) =>
  (x: Value<Shape>): TE.TaskEither<NoisefoldError, Pixels> =>
    TE.map(pixelsOf)(read(x)(backend));

/** A batch of images in [-1, 1], and their masks: 1 for known pixels. */
const knownOf = ({ image, mask }: Known, count: number) => {
  const repeated = (f: (pixel: number) => number): Float32Array =>
    Float32Array.from({ length: count * image.length }, (_, i) => f(i % image.length));
  return { image: repeated((pixel) => pixelOf(image[pixel] ?? 0)), mask: repeated((pixel) => 1 - (mask[pixel] ?? 1)) };
};

/** Compiles a painter for a network. */
export const painter =
  ({ model, noising, image, borrow, giveBack }: Network, kind: Kind) =>
  (backend: Backend): TE.TaskEither<NoisefoldError, Painter> => {
    const { count, repairs } = kind;
    const [H, W, C] = image;
    /** The number of all values of each condition, which means none. */
    const none = Object.entries(model.conditions ?? {}).flatMap(([name, spec]) =>
      'classes' in spec ? [[name, spec.classes] as const] : [],
    );
    return F.pipe(
      TE.Do,
      TE.bind('begin', () =>
        compile(
          program('key', (k) => ({ state: normal(k, count, H, W, C) })),
          {},
        )(backend),
      ),
      TE.bind('step', () => compile(stepProgram({ model, image }, kind), {}, { donate: ['state'] })(backend)),
      TE.map(({ begin, step }): Painter => ({
        paint: ({ conditions, seed, known, from, solver, steps, guidance }, show, signal) => {
          const keys = fork(key(seed), 'start', 'steps');
          const fixed = {
            conditions: Object.fromEntries(
              none.map(([name, classes]) => [
                name,
                Int32Array.from(conditions[name]!, (value) => (guidance === 0 ? classes : value)),
              ]),
            ),
            scale: guidance,
            known: known === null ? [] : [knownOf(known, count)],
          };
          const first =
            from === null
              ? begin.run(keys.start)
              : F.pipe(
                  // one image for all, or one for each
                  upload(
                    Float32Array.from({ length: count * H * W * C }, (_, i) => from.x[i % from.x.length]!),
                    [count, H, W, C],
                  )(backend),
                  TE.map((state) => ({ state })),
                );
          const painted = (params: Resident<UNetParams>) =>
            F.pipe(
              TE.fromEither(walkOf(noising, model, { solver, steps, sigma: from?.sigma ?? null, repairs })),
              TE.bindTo('walk'),
              TE.bind('start', () => first),
              TE.flatMap(({ walk, start }) => {
                const of = walk.length;
                let before: Pixels; // x_t, shown with the x̂₀ of the same step
                const frame = (index: number, guess: Pixels): IO.IO<void> =>
                  show({ index, of, t: Math.round(walk[index]?.t ?? 0), image: before, guess });
                return F.pipe(
                  seen(backend)(start.state),
                  TE.map((pixels) => (before = pixels)),
                  TE.tapError(() => release(start)(backend)),
                  TE.flatMap(() =>
                    iterate(step, {
                      name: 'painting',
                      times: of,
                      inputs: (index) => {
                        const { t, ...numbers } = walk[index]!;
                        const times = new Float32Array(count).fill(t);
                        return { ...fixed, params, t: times, step: numbers, key: foldIn(keys.steps, index) };
                      },
                      onStep: ({ state, x0 }, index) =>
                        F.pipe(
                          seen(backend)(x0),
                          TE.tapIO((guess) => frame(index, guess)),
                          TE.flatMap(() => seen(backend)(state)),
                          TE.map((pixels) => (before = pixels)),
                        ),
                      signal,
                    })(start)(backend),
                  ),
                  TE.tapIO(() => frame(of, before)),
                  TE.flatMap((last) =>
                    F.pipe(
                      read(last.state)(backend),
                      TE.tap(() => release(last)(backend)),
                      TE.map((numbers) => ({
                        x: Float32Array.from(numbers),
                        evaluations: of * count * (kind.guided ? 2 : 1),
                      })),
                    ),
                  ),
                );
              }),
            );
          return TE.bracket(borrow, painted, giveBack);
        },
        release: () => {
          begin.release();
          step.release();
        },
      })),
    );
  };
