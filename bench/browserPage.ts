/** A page that runs network R on all cores, for bench/sections/browser.ts. */
import { wasm } from 'noisefold/backends/wasm';
import { networkR } from './network.js';
import { runnerOn } from './runner.js';
import { orThrow } from './table.js';

const runner = await runnerOn(orThrow(await wasm()()), orThrow(networkR));

/** The milliseconds of a pass, by the clock of the page. */
const timed = (run: () => Promise<void>) => async (): Promise<number> => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};

export interface PageRunner {
  readonly forward: () => Promise<number>;
  readonly step: () => Promise<number>;
}

const passes: PageRunner = { forward: timed(runner.forward), step: timed(runner.step) };
Object.assign(globalThis, { passes });
