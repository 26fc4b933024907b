/**
 * A process that prints the signals it receives, and continues for a number of turns. At the next turn after a signal it throws
 * an error of the kind of its second argument, if there is one. `stopOnSignals.test.ts` runs it.
 */
import { type ErrorTag, raise } from '../../src/internal/errors.js';
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

const [, , , tag] = process.argv;
if (tag !== undefined) {
  while (!stop.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(timer);
  raise(tag as ErrorTag, { where: 'work', expected: 'to continue', actual: 'a signal to stop', hint: 'resume it' });
}
