// Trains ten steps for a schedule, for the noise levels of EDM, and for flow matching, and prints the digests of the checkpoints: lines that
// must be equal on all versions of Node, with pairing and without. Says on stderr which kernels ran.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const load = (name) => import(new URL(`../dist/src/${name}.js`, import.meta.url).href);
const { open, unwrap, key } = { ...(await load('index')), ...(await load('dsl/index')) };
const { wasm } = await load('backends/wasm/index');
const { formFor } = await load('backends/wasm/forms');
const { adam, unet } = await load('nn/index');
const { cosine, ddpm, karrasSigmas, noisingOfSigmas, preconditioned, rectifiedFlow } = await load('diffusion/index');
const { datasetOf, saveCheckpoint, startTraining } = await load('training/index');

const image = [16, 16, 3];
const config = { image, base: 32, multipliers: [1, 2], attention: [8], groups: 8, blocks: 1 };
const network = unwrap(unet({ ...config, timesteps: 'continuous' }));
const pixels = Uint8Array.from({ length: 32 * 16 * 16 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
const data = unwrap(datasetOf({ pixels, labels: new Uint8Array(32), image }));
const levels = unwrap(karrasSigmas(100, { min: 0.002, max: 80 })).reverse();
const edm = unwrap(noisingOfSigmas(levels));
const recipes = {
  'DDPM, cosine': { model: unwrap(unet(config)), noising: unwrap(ddpm(cosine(1000))) },
  EDM: { model: unwrap(preconditioned(network, { as: 'edm', sigmaData: 0.5 })), noising: edm },
  'rectified flow': { model: unwrap(unet({ ...config, predicts: 'velocity' })), noising: rectifiedFlow() },
};

const folder = mkdtempSync(join(tmpdir(), 'bits-'));
const nf = await open(wasm());
for (const [name, recipe] of Object.entries(recipes)) {
  const optimizer = adam({ learningRate: 1e-3 });
  const run = await nf.run(startTraining({ ...recipe, data, optimizer, batch: 8, steps: 10, key: key(7) }));
  for await (const event of run.events) unwrap(event);
  const file = join(folder, 'checkpoint.safetensors');
  await nf.run(saveCheckpoint(file)(await nf.run(run.snapshot)));
  console.log(name, createHash('sha256').update(readFileSync(file)).digest('hex'));
}
await nf.close();
const { isWide, ratio } = formFor(false).choice();
console.error(process.version, isWide ? 'wide tiles' : 'narrow tiles', ratio.toFixed(2));
rmSync(folder, { recursive: true });
