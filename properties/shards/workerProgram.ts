/** A worker with a feature network and a model of its own, for the tests of `local` and `queue`. Its backend has one thread. */
import { wasm } from '../../src/backends/wasm/index.js';
import { mean } from '../../src/dsl/index.js';
import { effect } from '../../src/dsl/run/effect.js';
import { featuresOf } from '../../src/evaluation/index.js';
import { isLeft, right } from '../../src/index.js';
import { runWorker } from '../../src/shards/index.js';
import { stopOnSignals } from '../../src/training/index.js';
import { mine } from './drawing.js';

const { QUEUE, QUEUE_NAME, LOCK = '30000', PATIENCE = '60' } = process.env;
const words = process.argv.slice(2);
const stop = stopOnSignals();
const means = featuresOf([8, 8, 1], (images) => mean(images, [2, 3]));
const network = right({ ...means, version: '1' } as never);
/** Ends the worker, as a system without memory does. */
const fatal = effect(() => async () => (process.kill(process.pid, 'SIGKILL'), network));
const result = await runWorker({
  ...(QUEUE === undefined
    ? {}
    : { queue: { url: QUEUE, patience: Number(PATIENCE), ...(QUEUE_NAME === undefined ? {} : { name: QUEUE_NAME }) } }),
  checkpoints: words.filter((_, i) => words[i - 1] === '--checkpoints'),
  networks: { means: effect(() => async () => network), fatal },
  models: { same: {}, mine: { model: mine } },
  backend: wasm({ threads: 1 }),
  lock: Number(LOCK),
  signal: stop.signal,
})();
stop.release();
if (isLeft(result)) {
  process.stderr.write(`${result.left._tag}: ${result.left.message}\n`);
  process.exitCode = 1;
}
