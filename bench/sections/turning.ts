/** The longest gaps of the event loop, in which timers, signals and rendering wait for the library. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Backend, compile, key } from 'noisefold/dsl';
import { datasetOfImages, fit } from 'noisefold/training';
import { sizeOf } from '../../src/internal/numbers.js';
import { median } from '../measure.js';
import { BATCH, type NetworkRecipe, stepProgram } from '../network.js';
import { ramp } from '../peers/jax.js';
import { runnerOn } from '../runner.js';
import { atMost, information, orThrow, type Row } from '../table.js';

/** The longest time in which the event loop of the calling thread did not run, in milliseconds. */
const gapDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
};

/** The median of some gaps. */
const gapOf = async (work: () => Promise<unknown>): Promise<number> => {
  const gaps: number[] = [];
  for (let i = 0; i < 5; i++) gaps.push(await gapDuring(work));
  return median(gaps);
};

export const turningSection = async (backend: Backend, recipe: NetworkRecipe): Promise<readonly Row[]> => {
  const runner = await runnerOn(backend, recipe);
  await runner.step(); // starts the workers
  const step = await gapOf(runner.step);
  await runner.release();
  const compilation = await gapOf(async () =>
    orThrow(await compile(stepProgram(recipe), { B: BATCH }, { donate: ['state'] })(backend)()).release(),
  );
  const image = [...recipe.image] as const;
  const shape = [BATCH, ...image] as const;
  const data = orThrow(datasetOfImages({ data: ramp(sizeOf(shape)), shape }, { image }));
  const { model, noising, optimizer } = recipe;
  const fitting = { model, noising, optimizer, data, batch: BATCH, steps: 5, key: key(1) };
  const whole = await gapDuring(async () => void orThrow(await fit(fitting)(backend)()));
  const gap = 'R: longest gap of the event loop during';
  return [
    information(`${gap} a step`, step, 'ms', 'on the calling thread; median of 5'),
    atMost(`${gap} the compilation of a step`, compilation, 50, 'ms', 'median of 5'),
    information(`${gap} fit`, whole, 'ms', '5 steps, compilation included'),
  ];
};
