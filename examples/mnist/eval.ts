/** `npm run eval -- --run runs/mnist`: scores the digits that a trained model draws. */
import { stopOnSignals } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { mnist } from './digits.js';
import { displayOn } from './display.js';
import { evaluateRun } from './evaluation/evaluateRun.js';
import { decodeEvalOptions, evalUsage } from './evaluation/options.js';
import { byDigitClassifier } from './features.js';
import { tellOutcome } from './outcome.js';

const display = displayOn(process.stdout);
const stop = stopOnSignals((name) => display.note(`${name}: stopping after this step`)());

const result = await F.pipe(
  TE.fromEither(decodeEvalOptions(process.argv.slice(2))),
  TE.flatMap((options) =>
    options === null
      ? TE.right([evalUsage])
      : evaluateRun(options)({ digits: mnist, extract: byDigitClassifier, display, signal: stop.signal }),
  ),
)();

tellOutcome(display, stop, result);
