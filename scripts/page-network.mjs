/**
 * `npm run page:network`: trains a network of the page, and writes the averages of its parameters as int8 to
 * examples/browser-webgpu/public, compressed: `network.bin` of digits, and with `-- --faces` `faces.bin` of faces. It trains the demo
 * with a seed or a number of steps of its own; `-- --run FOLDER` takes such a run that is there. Prints the scores of the network by the settings
 * of the page: `worker/network.test.ts` compares with those of the digits in float32.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { decodeSafetensors, encodeSafetensors, loadTrained, sample, saveTrained } from 'noisefold/training';
import { cfg, ddim } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { compareFeatures, digitClassifier, extractFeatures } from 'noisefold/evaluation';
import { facesOf } from '../dist/examples/faces/dataset.js';
import { judge, seenIn } from '../dist/examples/faces/judge.js';
import { imagesOf, shareAsAsked } from '../dist/examples/faces/score.js';
import { decodeConfig } from '../dist/examples/mnist/config.js';
import { mnist } from '../dist/examples/mnist/digits.js';
import { demoPartsOf } from '../dist/examples/mnist/processes.js';

const root = join(import.meta.dirname, '..');
const { run, faces } = parseArgs({ options: { run: { type: 'string' }, faces: { type: 'boolean' } } }).values;

/** Trains a demo, unless there is a run; returns its folder. */
const runOf = (demo, settings) => {
  if (run !== undefined) return run;
  const out = join(root, 'runs', `page-${demo}`);
  const words = Object.entries({ ...settings, out }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const { status } = spawnSync(process.execPath, [join(root, `dist/examples/${demo}/main.js`), ...words], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  return out;
};

/** Writes the parameters of a file of `saveTrained`. The page has the process: its tables would take 25 kB. */
const write = (name, trained, metadata) => {
  const { tensors } = unwrap(decodeSafetensors(name)(new Uint8Array(readFileSync(trained))));
  const parameters = [...tensors].filter(([tensor]) => !tensor.startsWith('noising.'));
  const about = { source: 'npm run page:network', ...metadata };
  const path = join(root, 'examples/browser-webgpu/public', name);
  const bytes = gzipSync(unwrap(encodeSafetensors({ tensors: new Map(parameters), metadata: about })), { level: 9 });
  writeFileSync(path, bytes);
  console.log(`${path}: ${(bytes.length / 1e3).toFixed(0)} kB`);
};

const nf = await open(wasm());

/** The digits; prints the scores of the averages as float32 and as int8. */
const digits = async () => {
  const SEED = 8;
  const STEPS = 1800;
  const folder = runOf('mnist', { seed: SEED, steps: STEPS });
  const config = unwrap(decodeConfig('config.json')(readFileSync(join(folder, 'config.json'), 'utf8')));
  if (config.seed !== SEED || config.steps !== STEPS)
    throw new Error(`the page has the network of seed ${SEED} after ${STEPS} steps; this run has others`);
  const { model, noising } = unwrap(demoPartsOf(config.recipe, config));
  const temporary = mkdtempSync(join(tmpdir(), 'noisefold-page-'));
  const plain = join(temporary, 'network.safetensors');
  const averages = await nf.run(loadTrained(join(folder, 'checkpoint.safetensors'), { model, noising }));
  await nf.run(saveTrained(plain, averages, { dtype: 'int8' }));

  /** 200 digits by the settings of the page, against 2,000 digits of the test set. */
  const score = async (network) => {
    const labels = Array.from({ length: 200 }, (_, i) => i % 10);
    const settings = { solver: ddim(), grid: 20, guidance: cfg(2.5), labels, batch: 50, key: key(1) };
    const drawn = await nf.run(sample(network, settings));
    const classifier = await nf.run(digitClassifier());
    const { test } = await nf.run(mnist);
    const real = await nf.run(extractFeatures(classifier, test, { images: 2000 }));
    const { accuracy, fid } = unwrap(
      compareFeatures(real, await nf.run(extractFeatures(classifier, drawn)), { labels }),
    );
    return `${(100 * accuracy).toFixed(1)} % recognized, FID ${fid.toFixed(4)}`;
  };
  console.log(`float32: ${await score(averages)}`);
  console.log(`int8: ${await score(await nf.run(loadTrained(plain)))}`);
  // the page says how many digits it has seen
  write('network.bin', plain, { images: `${config.steps * config.batch}` });
  rmSync(temporary, { recursive: true });
};

/** The number of steps of the faces: four times that of the demo. */
const FACE_STEPS = 9600;

/** The faces; prints the score of the network as int8. */
const ofFaces = async () => {
  const folder = runOf('faces', { steps: FACE_STEPS, minutes: 240 });
  const lines = readFileSync(join(folder, 'network/metrics.jsonl'), 'utf8').trim().split('\n');
  if (JSON.parse(lines.at(-1)).step + 1 !== FACE_STEPS)
    throw new Error(`the page has the network of ${FACE_STEPS} steps; this run has others`);
  const file = join(folder, 'faces.safetensors');
  const { labels } = imagesOf(await nf.run(() => facesOf(key(99), 200)));
  const settings = { solver: ddim(), grid: 25, guidance: cfg(1.5), conditions: labels, batch: 100, key: key(1) };
  const drawn = await nf.run(sample(await nf.run(loadTrained(file)), settings));
  const seen = seenIn((await nf.run(extractFeatures(await nf.run(judge), drawn))).features);
  console.log(`int8: ${(100 * shareAsAsked(seen, labels)).toFixed(1)} % of the attributes as asked`);
  write('faces.bin', file, {});
};

await (faces ? ofFaces() : digits());
await nf.close();
