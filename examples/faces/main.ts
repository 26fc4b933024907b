/** `npm run demo:faces`: learns faces by their attributes in minutes, and draws what is asked for. */
import { errorIn, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { progress } from 'noisefold/terminal';
import { stopOnSignals } from 'noisefold/training';
import { faces } from './faces.js';
import { optionsOf, usage } from './options.js';
import { recipe } from './recipe.js';

const stop = stopOnSignals((name) => console.log(`${name}: stopping after this step; again to stop now`));

try {
  const { help, ...options } = unwrap(optionsOf(process.argv.slice(2)));
  if (help) console.log(usage);
  else {
    await using nf = await open(wasm());
    await faces({ ...options, nf, recipe, signal: stop.signal, say: console.log, progress });
  }
} catch (thrown) {
  const error = errorIn(thrown);
  if (error === null) throw thrown;
  console.error(`${error._tag}: ${error.message}`);
  if (error.hint.includes('resume')) console.error('the options are --resume, and --out FOLDER');
  process.exitCode = stop.exitCode ?? 1;
} finally {
  stop.release();
}
