/**
 * `npm run example:digit-classifier -- --out digits.safetensors`: trains the default feature network of the metrics.
 */
import { parseArgs } from 'node:util';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { key } from 'noisefold/dsl';
import { accuracyOf, digitNetwork, extractFeatures } from 'noisefold/evaluation';
import {
  encodeSafetensors,
  halvesOf,
  loadTensors,
  readTensors,
  type StoredTensor,
  writeAtomically,
} from 'noisefold/training';
import { mnist } from '../mnist/digits.js';
import { train } from './training.js';
import { unitFeatures } from './unitFeatures.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'digits.safetensors' },
    epochs: { type: 'string', default: '12' },
    batch: { type: 'string', default: '128' },
    seed: { type: 'string', default: '7' },
  },
});
const batch = Number(values.batch);

await using nf = await open(wasm());
const digits = await nf.run(() => mnist);
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
const trained = await train(nf, digits.train, {
  steps: Math.ceil((Number(values.epochs) * digits.train.size) / batch),
  batch,
  key: key(Number(values.seed)),
  onLoss: (step, loss) => console.log(`step ${step}  loss ${loss.toFixed(4)}  ${seconds()}`),
});

const params = await unitFeatures(nf, trained, digits.train);

/** float16 halves the size of the file. */
const half = (tensor: StoredTensor): StoredTensor =>
  tensor.dtype === 'F32' ? { dtype: 'F16', shape: tensor.shape, data: halvesOf(tensor.data) } : tensor;
const tensors = new Map([...(await nf.run(readTensors(params)))].map(([path, tensor]) => [path, half(tensor)]));
const file = unwrap(encodeSafetensors({ tensors, metadata: { format: 'noisefold-digits-1' } }));
await nf.run(() => writeAtomically(values.out, file));

const network = { model: digitNetwork, params: await nf.run(loadTensors(values.out, digitNetwork.params)) };
const { probabilities } = await nf.run(extractFeatures(network, digits.test));
const { size } = digits.test;
const { labels } = await nf.run(() => digits.test.batch(Int32Array.from({ length: size }, (_, i) => i)));
const recognized = unwrap(accuracyOf(probabilities!, labels!)); // defined, because the network is a classifier and digits have labels
console.log(
  `${values.out}: ${file.length} bytes, recognizes ${(100 * recognized).toFixed(2)} % of ${size} test digits`,
);
