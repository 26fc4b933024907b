/** `npm run faces:judge -- --out FILE`: trains the judge on real faces, with all combinations of values, and saves it in int8. */
import { parseArgs } from 'node:util';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { fork, key, pipe } from 'noisefold/dsl';
import { extractFeatures } from 'noisefold/evaluation';
import { adam, cosineDecay, warmup } from 'noisefold/nn';
import { progress } from 'noisefold/terminal';
import { datasetOf, fit, loadClassifier, saveTrained } from 'noisefold/training';
import type { ClassifierParams } from 'noisefold/nn';
import { attributes, IMAGE } from './attributes.js';
import { facesOf, joined } from './dataset.js';
import { atStart, clean, featuresBy, judgeNetwork, seenIn } from './judge.js';
import { imagesOf, shareAsAsked } from './score.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'examples/faces/judge.safetensors' },
    steps: { type: 'string', default: '2000' },
    faces: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
});
const [steps, count] = [Number(values.steps), Number(values.faces)];
const keys = fork(key(Number(values.seed)), 'seen', 'held out', 'train', 'test', 'test held out');

await using nf = await open(wasm());
const { pixels, labels } = joined(
  await nf.run(() => facesOf(keys.seen, count / 2)),
  await nf.run(() => facesOf(keys['held out'], count / 2, true)),
);
const trained = await nf.run(
  fit({
    model: unwrap(judgeNetwork),
    noising: clean,
    times: atStart,
    data: unwrap(datasetOf({ pixels, image: IMAGE, conditions: labels, names: attributes })),
    optimizer: adam({ learningRate: pipe(3e-3, warmup(50), cosineDecay({ from: 50, steps, floor: 0.02 })) }),
    averageDecay: 0.995,
    ...{ batch: 64, steps, key: keys.train, onEvent: progress() },
  }),
);
await nf.run(saveTrained(values.out, trained, { dtype: 'int8' }));

const judge = featuresBy(await nf.run(loadClassifier<ClassifierParams, [16, 16, 3]>(values.out)));
for (const [name, from, heldOut] of [
  ['combinations of the training', keys.test, false],
  ['other combinations', keys['test held out'], true],
] as const) {
  const { images, labels: asked } = imagesOf(await nf.run(() => facesOf(from, 5000, heldOut)));
  const { features } = await nf.run(extractFeatures(judge, images));
  console.log(
    `${name}: ${(100 * shareAsAsked(seenIn(features), asked)).toFixed(2)} % of the attributes of 5000 other faces`,
  );
  const square = Float64Array.from(features.data, (x) => x * x).reduce((a, b) => a + b) / features.data.length;
  console.log(`root mean square of the features: ${Math.sqrt(square).toFixed(3)}`);
}
