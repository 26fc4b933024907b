/**
 * `npm run pictures`: redraws the pictures of docs/diffusion.md and docs/sampling.md. `npm run pictures -- --run runs/mnist`
 * draws those of the README with the network of a run of the demo.
 */
import { parseArgs } from 'node:util';
import { errorIn, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { writeAtomically } from 'noisefold/training';
import { runToEvaluate } from '../mnist/evaluation/runToEvaluate.js';
import { schedules, signalToNoise } from './charts.js';
import { drawnBy, reel } from './film.js';
import { forward } from './forward.js';
import { type Chart, lineChart } from './lineChart.js';
import { lossPerTimestep } from './lossPerTimestep.js';
import { alongPaths, pathsChart } from './paths.js';
import { reverse } from './reverse.js';
import { filmWebp, sheetPng } from './sheet.js';
import { bySolvers } from './solvers.js';

try {
  const { run } = parseArgs({ options: { run: { type: 'string' } } }).values;
  await using nf = await open(wasm());
  const svg = (name: string, chart: Chart) => nf.run(writeAtomically(`docs/${name}.svg`, lineChart(chart)));
  if (run === undefined) {
    await svg('schedules', unwrap(schedules));
    await svg('snr', unwrap(signalToNoise));
    await svg('paths', pathsChart);
    for (const [name, drawing] of Object.entries({ forward, reverse, paths: alongPaths, solvers: bySolvers })) {
      const png = await nf.run(sheetPng(await nf.run(drawing)));
      await nf.run(writeAtomically(`docs/${name}.png`, png));
    }
    await svg('loss', await nf.run(lossPerTimestep));
  } else {
    const trained = unwrap(await runToEvaluate({ run, images: 10, checkpoint: 'newest', given: {} })());
    const { sheets, delays } = reel(await drawnBy(nf, trained));
    await nf.run(writeAtomically('docs/noise-to-digits.webp', await nf.run(filmWebp(sheets, delays))));
  }
} catch (thrown) {
  const error = errorIn(thrown);
  console.error(error === null ? String(thrown) : `${error._tag}: ${error.message}`);
  process.exitCode = 1;
}
