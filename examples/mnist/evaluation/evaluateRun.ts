/** Draws digits with a trained model, scores them, and shows the training digits that are nearest to some of them. */
import { join } from 'node:path';
import { type Backend, fork, key, type NoisefoldError, using } from 'noisefold/dsl';
import { compareFeatures, type Extracted, type Features, nearestNeighbours } from 'noisefold/evaluation';
import { type Dataset, encodePng, type Images, loadTrained, sample, type StopSignal, writeAtomically } from 'noisefold/training'; // oxfmt-ignore
import { either as E, function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';
import { backends } from '../backends.js';
import type { Digits } from '../digits.js';
import type { Display } from '../display.js';
import type { Extract } from '../features.js';
import { classesOf } from '../recipe.js';
import { neighbourGrid } from './neighbourGrid.js';
import type { EvalOptions } from './options.js';
import { type RunToEvaluate, runToEvaluate } from './runToEvaluate.js';
import { tableOf } from './table.js';

/** The environment of an evaluation. */
export interface EvalWorld {
  readonly digits: TE.TaskEither<NoisefoldError, Digits>;
  readonly extract: Extract;
  readonly display: Display;
  readonly signal: StopSignal;
}

type OnBackend<R> = RTE.ReaderTaskEither<Backend, NoisefoldError, R>;

/** The numbers of rows (one per class), columns and neighbours in the picture, and of samples in a batch. */
const SHOWN = { rows: 10, columns: 4, neighbours: 3 } as const;
const BATCH = 50;

const labelsOf = ({ parts: { model } }: RunToEvaluate, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => i % classesOf(model));

const draw = (
  { config, parts, checkpoint }: RunToEvaluate,
  labels: readonly number[],
  { display, signal }: EvalWorld,
) => {
  const { model, noising, solver, grid, guidance } = parts;
  const began = performance.now();
  return F.pipe(
    loadTrained(checkpoint, { model, noising }),
    RTE.flatMap(
      sample({
        solver,
        grid,
        guidance,
        ...(model.conditions === undefined ? { count: labels.length } : { labels }),
        batch: Math.min(BATCH, labels.length),
        key: fork(key(config.seed), 'train', 'sample').sample,
        signal,
        onStep: (done, of) => {
          const secondsPerStep = (performance.now() - began) / 1000 / done;
          display.progress({ phase: 'sampling', done, of, secondsLeft: (of - done) * secondsPerStep })();
        },
      }),
    ),
  );
};

interface Seen {
  readonly drawn: Images;
  readonly labels: readonly number[];
  /** The features of the drawn, held-out and training digits. */
  readonly generated: Extracted;
  readonly heldOut: Extracted;
  readonly train: Extracted;
}

const look = (run: RunToEvaluate, { train, test }: Digits, count: number, world: EvalWorld): OnBackend<Seen> => {
  const { extract, signal } = world;
  return F.pipe(
    RTE.Do,
    RTE.let('labels', () => labelsOf(run, count)),
    RTE.bind('drawn', ({ labels }) => draw(run, labels, world)),
    RTE.bind('generated', ({ drawn }) => extract(drawn, { signal })),
    RTE.bind('heldOut', () => extract(test, { signal })),
    RTE.bind('train', () => extract(train, { signal })),
  );
};

/** The first features, and their probabilities. */
const first = (count: number, { features, probabilities }: Extracted): Extracted => {
  const rows = ({ data, shape: [images, length] }: Features): Features => {
    const n = Math.min(count, images);
    return { data: data.subarray(0, n * length), shape: [n, length] };
  };
  return { features: rows(features), ...(probabilities && { probabilities: rows(probabilities) }) };
};

/** The table: the digits of the model, and the same number of training digits for comparison. */
const measure = ({ generated, heldOut, train, labels }: Seen, hasClasses: boolean) =>
  F.pipe(
    E.Do,
    E.bind('drawn', () => compareFeatures(heldOut, generated, hasClasses ? { labels } : {})),
    E.bind('real', () => compareFeatures(heldOut, first(labels.length, train))),
    E.map(({ drawn, real }) =>
      tableOf([
        { title: 'drawn', metrics: drawn },
        { title: 'training digits', metrics: real },
      ]),
    ),
  );

/** Some samples in the order of the picture, one class per row. */
const shownOf = (count: number): readonly number[] =>
  Array.from(
    { length: SHOWN.rows * SHOWN.columns },
    (_, i) => Math.floor(i / SHOWN.columns) + (i % SHOWN.columns) * SHOWN.rows,
  ).filter((at) => at < count);

/** The rows at some indices, each of a given length. */
const pick = (data: Float32Array | Float64Array, each: number, indices: readonly number[]): Float32Array => {
  const picked = new Float32Array(indices.length * each);
  indices.forEach((at, i) => picked.set(data.subarray(at * each, (at + 1) * each), i * each));
  return picked;
};

const picture = ({ drawn, generated, train }: Seen, data: Dataset): TE.TaskEither<NoisefoldError, Uint8Array> => {
  const [count, height, width, channels] = drawn.shape;
  const [, length] = generated.features.shape;
  const shown = shownOf(count);
  const features: Features = {
    data: pick(generated.features.data, length, shown),
    shape: [shown.length, length],
  };
  const imagesOf = (images: Float32Array): Images => ({
    data: images,
    shape: [images.length / (height * width * channels), height, width, channels],
  });
  return F.pipe(
    TE.fromEither(nearestNeighbours(train.features, features, SHOWN.neighbours)),
    TE.flatMap(({ indices }) => data.batch(indices)),
    TE.flatMapEither(({ images }) =>
      neighbourGrid({
        samples: imagesOf(pick(drawn.data, height * width * channels, shown)),
        neighbours: imagesOf(images),
        columns: SHOWN.columns,
      }),
    ),
    TE.flatMap(encodePng),
  );
};

/** Evaluates a run: returns the lines to print, and writes neighbours.png to its folder. */
export const evaluateRun =
  (options: EvalOptions): RTE.ReaderTaskEither<EvalWorld, NoisefoldError, readonly string[]> =>
  (world) => {
    const began = performance.now();
    return F.pipe(
      TE.Do,
      TE.bind('run', () => runToEvaluate(options)),
      TE.bind('digits', () => world.digits),
      TE.bind('seen', ({ run, digits }) =>
        F.pipe(look(run, digits, options.images, world), using(backends[run.config.backend]())),
      ),
      TE.let('drawing', () => (performance.now() - began) / 1000),
      TE.bind('table', ({ run, seen }) => TE.fromEither(measure(seen, run.parts.model.conditions !== undefined))),
      TE.bind('png', ({ seen, digits }) => picture(seen, digits.train)),
      TE.let('file', ({ run }) => join(run.path, 'neighbours.png')),
      TE.tap(({ file, png }) => writeAtomically(file, png)),
      TE.map(({ run: { checkpoint, config }, digits, table, drawing, file }) => [
        `${checkpoint}, ${config.sampler}, guidance ${config.guidance}, against ${digits.test.size} held-out digits:`,
        ...table,
        `${drawing.toFixed(0)} s to draw, ${((performance.now() - began) / 1000 - drawing).toFixed(0)} s to measure`,
        file,
      ]),
    );
  };
