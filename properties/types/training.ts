import {
  abs,
  type Dim,
  type Effect,
  iota,
  type Key,
  meanPerSample,
  type NoisefoldError,
  program,
  type Task,
  type Tensor,
  type Value,
  zeros,
} from '../../src/dsl/index.js';
import { adam, timeEmbedding, type UNet, type UNetParams } from '../../src/nn/index.js';
import {
  boundLosses,
  classifierGuided,
  classifierLosses,
  type ClassifierModel,
  type Conditioner,
  conditioningAugmentation,
  ddim,
  hybridLosses,
  importanceTimesteps,
  minSnrWeight,
  type Model,
  noisedBatch,
  type Objective,
  predictionErrors,
  type Noising,
  rescaledBoundLosses,
  simpleLoss,
  simpleLosses,
  stratifiedTimes,
  superResolution,
  weightedBy,
} from '../../src/diffusion/index.js';
import {
  augmented,
  datasetOf,
  datasetOfImages,
  type Dataset,
  type NamedDataset,
  fit,
  type ImageFiles,
  imageFolder,
  type Images,
  imagesOfFiles,
  loadClassifier,
  loadTrained,
  logLikelihoods,
  type PictureFile,
  randomFlip,
  readIdxDataset,
  sample,
  saveTrained,
  type Trained,
  type TrainedClassifier,
  variationalBound,
} from '../../src/training/index.js';
import { unwrap } from '../../src/index.js';
import { type E, F, RTE, TE } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const grey: UNet<[28, 28, 1]>;
declare const wide: UNet<[Dim, Dim, Dim]>;
declare const noising: Noising;
declare const key: readonly [number, number];
declare const digits: Dataset<[28, 28, 1]>;
declare const photographs: Dataset<[32, 32, 3]>;
declare const bytes: Uint8Array;

const rest = { noising, optimizer: adam({ learningRate: 1e-3 }), batch: 1, steps: 1, key } as const;

// a model learns from images of its shape; a model of wide shape, from any
fit({ ...rest, model: grey, data: digits });
fit({ ...rest, model: wide, data: photographs });
// @ts-expect-error Type '28' is not assignable to type '32'
fit({ ...rest, model: grey, data: photographs });
// and from images of a size that types do not contain, such as those of a file: it is checked when the training begins
declare const ofFile: Dataset<[Dim, Dim, 1]>;
declare const anything: Dataset;
fit({ ...rest, model: grey, data: ofFile });
fit({ ...rest, model: grey, data: anything });
fit({ ...rest, model: wide, data: ofFile });
fit({ ...rest, model: grey, data: { ...digits, inMemory: false }, heldOut: { data: ofFile, every: 1 } });
export const ofIdx = async () =>
  void fit({ ...rest, model: grey, data: unwrap(await readIdxDataset('images', 'labels')()) });
declare const inColor: Dataset<[Dim, Dim, 3]>;
declare const tall: Dataset<[32, Dim, 1]>;
// @ts-expect-error Type '1' is not assignable to type '3'
fit({ ...rest, model: grey, data: inColor });
// @ts-expect-error Type '28' is not assignable to type '32'
fit({ ...rest, model: grey, data: tall });
// @ts-expect-error Type '28' is not assignable to type '32'
fit({ ...rest, model: grey, data: digits, heldOut: { data: photographs, every: 1 } });

// `fit` takes any loss in any weighting, and passes its own options
const recipe = { ...rest, model: grey, data: digits };
fit({ ...recipe, loss: simpleLosses });
fit({ ...recipe, loss: boundLosses });
fit({ ...recipe, loss: rescaledBoundLosses });
fit({ ...recipe, loss: hybridLosses });
fit({ ...recipe, loss: weightedBy(minSnrWeight(5))(simpleLosses) });
fit({ ...recipe, loss: (diffusion, denoiser, options) => hybridLosses(diffusion, denoiser, { ...options, lambda: 0.01 }) }); // oxfmt-ignore
const absoluteLosses: Objective = (diffusion, denoiser, options) => {
  const errors = predictionErrors(diffusion, denoiser, options);
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    return { losses: meanPerSample(abs(error)), t };
  };
};
fit({ ...recipe, loss: absoluteLosses });
// @ts-expect-error Call signature return types 'Loss<P, I>' and 'Losses<P, I>' are incompatible.
fit({ ...recipe, loss: simpleLoss });
// @ts-expect-error Source has 2 element(s) but target allows only 1.
const perPixel: Objective = (diffusion, denoiser, options) => (_, inputs) => {
  const { noise, at } = noisedBatch(diffusion, denoiser, options)(inputs);
  return { losses: noise, t: at.t };
};
fit({ ...recipe, loss: perPixel });
// conditions of a model may be made from its images
fit({ ...recipe, conditions: { small: superResolution({ factor: 2 }) } });
fit({ ...recipe, conditions: { small: conditioningAugmentation(recipe.noising)(superResolution({ factor: 2 })) } });
fit({ ...recipe, conditions: { small: (x0) => ({ image: x0 }) } });
declare const ofPhotographs: Conditioner<[32, 32, 3]>;
// @ts-expect-error Type 'Conditioner<[32, 32, 3]>' is not assignable to type 'Conditioner<[28, 28, 1]>'
fit({ ...recipe, conditions: { small: ofPhotographs } });
fit({ ...recipe, times: stratifiedTimes });
fit({ ...recipe, times: importanceTimesteps({ size: 5 }) });
// a classifier is a model too: it has losses of its own, and its training gives what `sample` takes as a guide
type Judge = ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
declare const judge: Judge;
const classified = { ...rest, model: judge, data: digits };
expectType<Effect<TrainedClassifier<Tensor<[10]>, [28, 28, 1]>>>()(fit({ ...classified, loss: classifierLosses }));
expectType<Effect<Trained<UNetParams, [28, 28, 1]>>>()(fit(recipe));
// @ts-expect-error Type '28' is not assignable to type '32'
fit({ ...classified, data: photographs });
// @ts-expect-error Property 'predicts' is missing in type 'Classifier<Q, I>' but required in type 'Denoiser<Q, I>'
fit({ ...classified, loss: simpleLosses });
// @ts-expect-error Property 'classes' is missing in type 'Denoiser<P, I>' but required in type 'Classifier<P, I>'
fit({ ...recipe, loss: classifierLosses });
declare const trainedJudge: TrainedClassifier<Tensor<[10]>, [28, 28, 1]>;
declare const photographJudge: TrainedClassifier<Tensor<[10]>, [32, 32, 3]>;
declare const trainedGrey: Trained<UNetParams, [28, 28, 1]>;
const guided = { solver: ddim(), key, labels: [1], guidance: classifierGuided(judge, 2) };
sample(trainedGrey, { ...guided, guide: trainedJudge });
sample(trainedGrey, { ...guided, guide: trainedJudge.params });
sample({ ...guided, guide: trainedJudge })(trainedGrey);
// @ts-expect-error is not assignable to type 'TrainedClassifier<Tensor<[10], "float32">, NoInfer<[28, 28, 1]>>'
sample(trainedGrey, { ...guided, guide: photographJudge });
saveTrained('judge.safetensors', trainedJudge);
expectType<Effect<typeof trainedJudge>>()(loadClassifier('judge.safetensors', { model: judge }));

expectType<E.Either<NoisefoldError, NamedDataset<[28, 28, 1]>>>()(
  datasetOf({ pixels: bytes, labels: bytes, image: [28, 28, 1] }),
);
// @ts-expect-error is not assignable to type 'readonly [height: number, width: number, channels: number]'
datasetOf({ pixels: bytes, labels: bytes, image: [28, 28] });

// a U-Net is a model, and its trained parameters are values that another program takes
export const model: Model<UNetParams, [28, 28, 1]> = grey;
declare const trained: Trained<UNetParams, [28, 28, 1]>;
expectType<Value<[Dim]>>()(trained.params.time.hidden.b);

// measurements need images of the shape of the model
const measuring = { batch: 8, key } as const;
variationalBound({ ...measuring, data: digits })(trained);
logLikelihoods({ ...measuring, data: digits, conditions: { small: superResolution({ factor: 2 }) } })(trained);
logLikelihoods(trained, { ...measuring, data: ofFile });
variationalBound(trained, { ...measuring, data: anything });
// @ts-expect-error Type '28' is not assignable to type '32'
logLikelihoods(trained, { ...measuring, data: photographs });
// @ts-expect-error Type '32' is not assignable to type '28'
variationalBound({ ...measuring, data: photographs })(trained);
// @ts-expect-error Type '32' is not assignable to type '28'
logLikelihoods({ ...measuring, data: photographs })(trained);
declare const images: Images;
expectType<E.Either<NoisefoldError, NamedDataset<[Dim, Dim, Dim]>>>()(datasetOfImages(images));
expectType<E.Either<NoisefoldError, NamedDataset<[28, 28, 1]>>>()(datasetOfImages(images, { image: [28, 28, 1] }));
// the size and the channels of pictures are those of the images; without channels they are RGB
expectType<Task<ImageFiles<[32, 32, 3]>>>()(imageFolder('pictures', { size: 32 }));
expectType<Task<ImageFiles<[24, 32, 4]>>>()(imageFolder('pictures', { size: [24, 32], channels: 4 }));
declare const files: Iterable<PictureFile>;
declare const anySize: number;
expectType<Task<ImageFiles<[Dim, Dim, 1]>>>()(imagesOfFiles(files, { size: anySize, channels: 1 }));
// @ts-expect-error Type '2' is not assignable to type 'PictureChannels'
imageFolder('pictures', { size: 32, channels: 2 });
// a data set keeps its own fields where it is augmented
declare const pets: ImageFiles<[28, 28, 1]>;
expectType<ImageFiles<[28, 28, 1]>>()(augmented(pets, [randomFlip()]));

// the spec of an optimizer's state is made from the spec of the parameters
program({ moments: adam({ learningRate: 1e-3 }).state({ w: '2 3' }), k: 'key' }, ({ moments, k }) => {
  expectType<Tensor<[2, 3]> | undefined>()(moments['first']?.w);
  expectType<Key>()(k);
  return {};
});

// an embedding keeps its length
const embedding = timeEmbedding({ timesteps: 10, size: 4, outputs: 32, sinusoid: 'ddpm' });
expectType<Tensor<[8, 32]>>()(
  embedding.apply({
    hidden: { w: zeros(4, 32), b: zeros(32) },
    output: { w: zeros(32, 32), b: zeros(32) },
  })(iota(8)),
);

// previews are images; the sampling waits for the work that shows them
const samples = { solver: ddim(), grid: 25, key };
const shown = TE.right(undefined);
sample({ ...samples, previews: { every: 5, show: ({ images }) => (expectType<Images>()(images), shown) } })(trained);
sample({ ...samples, previews: { every: 5, show: async () => undefined } });

// a file of a U-Net needs no model; that of another model gives the types of the model it is given
const restored = loadTrained('grey.safetensors');
expectType<Effect<Trained<UNetParams, [Dim, Dim, Dim]>>>()(restored);
expectType<Effect<Trained<UNetParams, [28, 28, 1]>>>()(loadTrained('grey.safetensors', { model: grey }));
F.pipe(restored, RTE.flatMap(sample(samples)));
saveTrained('grey.safetensors', trained, { dtype: 'float16' });
// @ts-expect-error Type '"float64"' is not assignable to type
saveTrained('grey.safetensors', trained, { dtype: 'float64' });
