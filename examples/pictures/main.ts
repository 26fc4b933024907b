/** `npm run pictures`: redraws the pictures of docs/diffusion.md and docs/sampling.md. */
import { wasm } from 'noisefold/backends/wasm';
import { using } from 'noisefold/dsl';
import { encodePng, type ImageBatch, imageGrid, writeAtomically } from 'noisefold/training';
import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { schedules, signalToNoise } from './charts.js';
import { COLUMNS, forward } from './forward.js';
import { type Chart, lineChart } from './lineChart.js';
import { lossPerTimestep } from './lossPerTimestep.js';
import { alongPaths, COLUMNS as PATH_COLUMNS, pathsChart } from './paths.js';
import { reverse } from './reverse.js';
import { bySolvers, COLUMNS as SOLVER_COLUMNS } from './solvers.js';

const png = (name: string, columns: number) => (images: ImageBatch) =>
  F.pipe(
    RTE.fromEither(imageGrid(images, columns)),
    RTE.flatMapTaskEither(encodePng),
    RTE.flatMapTaskEither((bytes) => writeAtomically(`docs/${name}.png`, bytes)),
  );

const svg = (name: string) => (chart: Chart) =>
  RTE.fromTaskEither(writeAtomically(`docs/${name}.svg`, lineChart(chart)));

const drawn = await F.pipe(
  RTE.fromEither(schedules),
  RTE.flatMap(svg('schedules')),
  RTE.flatMap(() => RTE.fromEither(signalToNoise)),
  RTE.flatMap(svg('snr')),
  RTE.flatMap(() => forward),
  RTE.flatMap(png('forward', COLUMNS)),
  RTE.flatMap(() => reverse),
  RTE.flatMap((images) => png('reverse', images.shape[0]!)(images)),
  RTE.flatMap(() => lossPerTimestep),
  RTE.flatMap(svg('loss')),
  RTE.flatMap(() => svg('paths')(pathsChart)),
  RTE.flatMap(() => alongPaths),
  RTE.flatMap(png('paths', PATH_COLUMNS)),
  RTE.flatMap(() => bySolvers),
  RTE.flatMap(png('solvers', SOLVER_COLUMNS)),
  using(wasm()),
)();

if (E.isLeft(drawn)) {
  console.error(`${drawn.left._tag}: ${drawn.left.message}`);
  process.exitCode = 1;
}
