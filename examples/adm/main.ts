/**
 * `npm run example:adm`: class-conditional digits with the blocks of ADM (Dhariwal & Nichol 2021), guided by a classifier of
 * noised digits at several scales: figure 4 of the paper in miniature.
 */
import { errorIn, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { progress } from 'noisefold/terminal';
import { stopOnSignals } from 'noisefold/training';
import { mnist } from '../mnist/digits.js';
import { adm } from './adm.js';
import { optionsOf, usage } from './options.js';
import { recipe, withAtMost } from './recipe.js';

const stop = stopOnSignals((name) => console.log(`${name}: stopping after this step; again to stop now`));

try {
  const { help, digits: most, ...options } = unwrap(optionsOf(process.argv.slice(2)));
  if (help) console.log(usage);
  else {
    const digits = unwrap(await mnist());
    await using nf = await open(wasm());
    await adm({
      ...options,
      nf,
      recipe: withAtMost(most, recipe),
      digits,
      signal: stop.signal,
      say: console.log,
      progress,
    });
  }
} catch (thrown) {
  const error = errorIn(thrown);
  if (error === null) throw thrown;
  console.error(`${error._tag}: ${error.message}`);
  if (error._tag === 'Cancelled') console.error('to continue, run the same command with --resume');
  process.exitCode = stop.exitCode ?? 1;
} finally {
  stop.release();
}
