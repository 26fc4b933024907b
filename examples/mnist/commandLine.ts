import { stopOnSignals } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { demo, type World } from './demo.js';
import { mnist } from './digits.js';
import { displayOn } from './display.js';
import { byDigitClassifier } from './features.js';
import { decodeOptions, usage } from './options.js';
import { tellOutcome } from './outcome.js';
import { recipe } from './recipe.js';

/** Runs the demo with command-line arguments. */
export const runCommandLine = async (argv: readonly string[]): Promise<void> => {
  const display = displayOn(process.stdout);
  const stop = stopOnSignals((name) => display.note(`${name}: stopping after this step; again to stop now`)());

  const world: World = { recipe, digits: mnist, extract: byDigitClassifier, display, signal: stop.signal };

  const result = await F.pipe(
    TE.fromEither(decodeOptions(argv)),
    TE.flatMap((options) => (options.help ? TE.right([usage]) : demo(options)(world))),
  )();

  tellOutcome(display, stop, result);
};
