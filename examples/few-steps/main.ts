/** `npm run example:few-steps`: tunes the network of `npm run demo -- --process edm` to draw digits in few steps. */
import { errorIn, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { progress } from 'noisefold/terminal';
import { stopOnSignals } from 'noisefold/training';
import { mnist } from '../mnist/digits.js';
import { runToEvaluate } from '../mnist/evaluation/runToEvaluate.js';
import { fewSteps } from './fewSteps.js';
import { compareMethods } from './methods.js';
import { optionsOf, usage } from './options.js';

const stop = stopOnSignals((name) => console.log(`${name}: stopping after this step; again to stop now`));

try {
  const { help, methods, run: folder, ...options } = unwrap(optionsOf(process.argv.slice(2)));
  if (help) console.log(usage);
  else if (methods) {
    await using nf = await open(wasm());
    await compareMethods({ nf, steps: options.steps, signal: stop.signal, say: console.log });
  } else {
    const request = { run: folder, images: options.digits, checkpoint: 'newest', given: {} } as const;
    const run = unwrap(await runToEvaluate(request)());
    const data = unwrap(await mnist());
    await using nf = await open(wasm());
    await fewSteps({ ...options, nf, run, data, signal: stop.signal, say: console.log, progress: progress('tuning') });
  }
} catch (thrown) {
  const error = errorIn(thrown);
  if (error === null) throw thrown;
  console.error(`${error._tag}: ${error.message}`);
  process.exitCode = stop.exitCode ?? 1;
} finally {
  stop.release();
}
