/**
 * A process that prints the signals it receives, and continues for a number of turns. `stopOnSignals.test.ts` runs it.
 */
import { stopOnSignals } from '../../src/node/stopOnSignals.js';

const stop = stopOnSignals((name) => {
  process.stdout.write(`${name} ${stop.signal.aborted} ${stop.exitCode}\n`);
});
process.stdout.write('ready\n');
let turns = 0;
const timer = setInterval(() => {
  process.stdout.write('turn\n');
  if (++turns < Number(process.argv[2])) return;
  clearInterval(timer);
  stop.release();
  process.exitCode = 7;
}, 5);
