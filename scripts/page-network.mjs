/**
 * `npm run page:network`: trains the network of the page, and writes the averages of its parameters as int8 to
 * examples/browser-webgpu/public/network.bin, compressed. It trains the demo with seed 8; `-- --run FOLDER` takes a run of the
 * demo that is there. Prints the scores of the averages as float32 and as int8: `worker/network.test.ts` compares with the first.
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
import { decodeConfig } from '../dist/examples/mnist/config.js';
import { mnist } from '../dist/examples/mnist/digits.js';
import { demoPartsOf } from '../dist/examples/mnist/processes.js';

const SEED = 8;
const STEPS = 1800;
const root = join(import.meta.dirname, '..');
const { run } = parseArgs({ options: { run: { type: 'string' } } }).values;

const trained = () => {
  const out = join(root, 'runs/page-network');
  const settings = ['--seed', SEED, '--steps', STEPS, '--out', out].map(String);
  const { status } = spawnSync(process.execPath, [join(root, 'dist/examples/mnist/main.js'), ...settings], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  return out;
};

const folder = run ?? trained();
const config = unwrap(decodeConfig('config.json')(readFileSync(join(folder, 'config.json'), 'utf8')));
if (config.seed !== SEED || config.steps !== STEPS)
  throw new Error(`the page has the network of seed ${SEED} after ${STEPS} steps; this run has others`);
const { model, noising } = unwrap(demoPartsOf(config.recipe, config));
const temporary = mkdtempSync(join(tmpdir(), 'noisefold-page-'));
const plain = join(temporary, 'network.safetensors');
const nf = await open(wasm());
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
  const { accuracy, fid } = unwrap(compareFeatures(real, await nf.run(extractFeatures(classifier, drawn)), { labels }));
  return `${(100 * accuracy).toFixed(1)} % recognized, FID ${fid.toFixed(4)}`;
};
console.log(`float32: ${await score(averages)}`);
console.log(`int8: ${await score(await nf.run(loadTrained(plain)))}`);
await nf.close();

// the page has the process: its tables would take 25 kB
const { tensors } = unwrap(decodeSafetensors('network')(new Uint8Array(readFileSync(plain))));
rmSync(temporary, { recursive: true });
const parameters = [...tensors].filter(([name]) => !name.startsWith('noising.'));
// the page says how many digits it has seen
const metadata = { source: 'npm run page:network', images: `${config.steps * config.batch}` };
const file = unwrap(encodeSafetensors({ tensors: new Map(parameters), metadata }));
const path = join(root, 'examples/browser-webgpu/public/network.bin');
const bytes = gzipSync(file, { level: 9 });
writeFileSync(path, bytes);
console.log(`${path}: ${(bytes.length / 1e3).toFixed(0)} kB`);
