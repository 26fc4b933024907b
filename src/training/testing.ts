/** Small trainings for tests, on 8×8 images of three classes: a U-Net, two convolutions, a classifier. */
import {
  type ClassifierModel,
  type Conditioning,
  type Conditions,
  cosine,
  ddpm,
  imageOf,
  labelOf,
  type Model,
  tokensOf,
  vectorOf,
} from '../diffusion/index.js';
import {
  add,
  ascribeLike,
  broadcastTo,
  cast,
  type Dim,
  dims,
  expandDims,
  key,
  mean,
  mul,
  type NoisefoldError,
  onesLike,
  reshape,
  scaleBy,
  silu,
  sumPerSample,
  type Tensor,
  zerosLike,
} from '../dsl/index.js';
import { E, F, type taskEither } from '../internal/fp.js';
import {
  adam,
  chain,
  classEmbedding,
  convLayer,
  clipByGlobalNorm,
  linearLayer,
  type ParamsOf,
  unet,
  type UNetParams,
} from '../nn/index.js';
import { layer } from '../nn/layers/layer.js';
import { type Dataset, datasetOf } from '../data/dataset.js';
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

/** A training without `initial`, so that tests can replace the model. */
export type SmallTraining = Omit<Training<UNetParams, [8, 8, 1]>, 'initial'>;

/** A training of a U-Net of one level, with a few thousand parameters. */
export const smallTraining = (steps: number): SmallTraining =>
  right(
    F.pipe(
      E.Do,
      E.bind('model', () =>
        unet({
          image: [SIZE, SIZE, 1],
          base: 8,
          multipliers: [1],
          blocks: 1,
          groups: 4,
          heads: 2,
          conditions: { label: 3 },
          predicts: 'v',
        }),
      ),
      E.bind('noising', () => ddpm(cosine(100))),
      E.map(({ model, noising }) => ({
        model,
        noising,
        optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: 3e-3 })),
        conditionDropout: 0.1,
        data: bars(60),
        batch: 6,
        steps,
        key: key(5),
        config: model.config,
      })),
    ),
  );

const convolutions = (channels: number) =>
  layer(
    {
      hidden: convLayer({ inputs: 1, outputs: channels }),
      label: classEmbedding({ classes: 3, outputs: channels }),
      output: convLayer({ inputs: channels, outputs: 1 }),
    },
    ({ hidden, label, output }) =>
      <B extends Dim>(x: Tensor<[B, 8, 8, 1]>, labels: Tensor<[B], 'int32'>): Tensor<[B, 8, 8, 1]> => {
        const features = hidden(x);
        const [B, , , C] = dims(features);
        const labelled = add(features, broadcastTo(reshape(label(labels), B, 1, 1, C), B, 8, 8, C));
        return ascribeLike(F.pipe(labelled, silu, output), x);
      },
  );

export type PlainParams = ParamsOf<ReturnType<typeof convolutions>>;

/** Two convolutions with a class embedding between them. They do not look at the timestep. They compile at once. */
export const plainModel = (channels: number): Model<PlainParams, [8, 8, 1]> => {
  const { params, init, apply } = convolutions(channels);
  return {
    params,
    init,
    conditions: { label: { classes: 3 } },
    timesteps: 1000,
    predicts: 'v',
    apply: (p, x, at) => apply(p)(x, labelOf(at)!),
  };
};

export type PlainTraining = Omit<Training<PlainParams, [8, 8, 1]>, 'initial'>;

/** A training of {@link plainModel}, for tests of all that is the same for any model. */
export const plainTraining = (steps: number): PlainTraining => ({
  ...smallTraining(steps),
  model: plainModel(4),
  config: { channels: 4 },
});

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
  const { noising, optimizer, data, batch, key } = smallTraining(steps);
  return { model: smallClassifier, noising, optimizer, data, batch, steps, key };
};

/** Conditions of every kind, for images of one pixel. */
export const kinds = {
  hair: { classes: 2, names: ['short', 'long'] },
  palette: { vector: 2 },
  words: { tokens: 1, length: 3 },
  sketch: { image: 1 },
} as const satisfies Conditions;

/** hair + 10·(sum of the palette) + 100·(sum of the tokens, without padding) + the mean of the sketch. */
export const sumOfConditions = <B extends Dim>(
  x: Tensor<[B, 1, 1, 1]>,
  at: Conditioning<NoInfer<B>>,
): Tensor<[B, 1, 1, 1]> => {
  const hair = labelOf(at, 'hair');
  const palette = vectorOf(at, 'palette');
  const words = tokensOf(at, 'words');
  const sketch = imageOf(at, 'sketch');
  const parts = [
    hair && cast(hair, 'float32'),
    palette && mul(sumPerSample(palette), 10),
    words && mul(sumPerSample(mul(words.tokens, expandDims(cast(words.mask, 'float32'), 2) as never)), 100),
    sketch && mean(sketch.image, [1, 2, 3]),
  ] as readonly (Tensor<[B]> | undefined)[]; // a number of each sample
  return parts.reduce<typeof x>((sum, part) => (part ? add(sum, scaleBy(onesLike(x), part)) : sum), zerosLike(x));
};
