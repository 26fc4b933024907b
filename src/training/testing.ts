/** A small training for tests: 8×8 images of three classes, a U-Net of a few thousand parameters. */
import { type ClassifierModel, cosine, ddpm } from '../diffusion/index.js';
import { type Dim, key, mean, type NoisefoldError, silu, type Tensor } from '../dsl/index.js';
import { E, F, type taskEither } from '../internal/fp.js';
import {
  adam,
  chain,
  convLayer,
  clipByGlobalNorm,
  layer,
  linearLayer,
  type ParamsOf,
  unet,
  type UNetParams,
} from '../nn/index.js';
import { type Dataset, datasetOf } from './data/dataset.js';
import type { Training } from './fit/training.js';

const SIZE = 8;

/** Bright bars: horizontal for class 0, vertical for class 1, everywhere for class 2. */
export const bars = (n: number): Dataset<[8, 8, 1]> => {
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: n * SIZE * SIZE }, (_, i) => {
    const [image, y, x] = [Math.floor(i / (SIZE * SIZE)), Math.floor(i / SIZE) % SIZE, i % SIZE];
    const at = Math.floor(image / 3) % SIZE;
    const on = [y === at, x === at, true][labels[image]!]!;
    return on ? 255 : 0;
  });
  return right(datasetOf({ pixels, labels, image: [SIZE, SIZE, 1] }));
};

export const right = <A>(result: E.Either<NoisefoldError, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

/** The error of an effect that fails. */
export const leftOf = async (result: taskEither.TaskEither<NoisefoldError, unknown>): Promise<NoisefoldError> => {
  const got = await result();
  if (E.isRight(got)) throw new Error('it succeeded');
  return got.left;
};

export type SmallTraining = Training<UNetParams, [8, 8, 1]>;

export const smallTraining = (steps: number): SmallTraining =>
  right(
    F.pipe(
      E.Do,
      E.bind('model', () =>
        unet({
          image: [SIZE, SIZE, 1],
          base: 8,
          multipliers: [1, 2],
          blocks: 1,
          groups: 4,
          heads: 2,
          classes: 3,
          predicts: 'v',
        }),
      ),
      E.bind('process', () => ddpm(cosine(100))),
      E.map(({ model, process }) => ({
        model,
        process,
        optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: 3e-3 })),
        labelDropout: 0.1,
        data: bars(60),
        batch: 6,
        steps,
        key: key(5),
        config: model.config,
      })),
    ),
  );

const network = layer(
  {
    hidden: convLayer({ inputs: 1, outputs: 16 }),
    output: linearLayer({ inputs: 16, outputs: 3 }),
  },
  ({ hidden, output }) =>
    <B extends Dim>(x: Tensor<[B, 8, 8, 1]>): Tensor<[B, Dim]> =>
      F.pipe(x, hidden, silu, mean([1, 2]), output),
);

/** A classifier of the bars: a convolution and a linear layer. It ignores the timestep. */
export const smallClassifier: ClassifierModel<ParamsOf<typeof network>, [8, 8, 1]> = {
  params: network.params,
  init: network.init,
  classes: 3,
  apply: (params, x) => network.apply(params)(x),
};

/** A training of {@link smallClassifier}. */
export const classifierTraining = (steps: number) => {
  const { process, optimizer, data, batch, key } = smallTraining(steps);
  return { model: smallClassifier, process, optimizer, data, batch, steps, key };
};
