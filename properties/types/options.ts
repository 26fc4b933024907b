/**
 * Options with a misspelt field: the error is at that field, even if a required field is missing because of it. Each
 * has its own line, because errors are identified by line.
 */
import {
  attention,
  conv2d,
  convTranspose2d,
  averagePooling,
  groupNorm,
  layerNorm,
  rmsNorm,
  compile,
  type Dim,
  iterate,
  ones,
  program,
  square,
  type Executable,
  type Shape,
  type Tensor,
  type Value,
  zeros,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import {
  adam,
  adamw,
  cosineDecay,
  unet,
  linearLayer,
  convLayer,
  groupNormLayer,
  downsampleLayer,
  upsampleLayer,
  timeEmbedding,
  classEmbedding,
  fanInUniform,
  type UNet,
} from '../../src/nn/index.js';
import {
  cfg,
  cosine,
  linearUnscaled,
  ddim,
  eulerAncestral,
  euler,
  heun,
  dpmSolverPP,
  lms,
  uniPC,
  pndm,
  ancestral,
  sampler,
  likelihood,
  inpainting,
  leading,
  linspace,
  lcmGrid,
  karrasSigmas,
  superResolution,
  p2Weight,
  importanceTimesteps,
  logSNRTimes,
  boundAt,
  simpleLosses,
  consistency,
  consistencyDenoiser,
  preconditioned,
  steered,
  gaussianMixture,
  type Denoiser,
  type Noising,
} from '../../src/diffusion/index.js';
import {
  fit,
  startTraining,
  sample,
  encode,
  variationalBound,
  logLikelihoods,
  datasetOf,
  datasetOfImages,
  positionsOf,
  lossChart,
  encodePng,
  type Dataset,
  type Images,
} from '../../src/training/index.js';
import { auto } from '../../src/backends/auto/index.js';
import { wasm } from '../../src/backends/wasm/index.js';
import { webgpu } from '../../src/backends/webgpu/index.js';

declare const model: UNet<[28, 28, 1]>;
declare const noising: Noising;
declare const data: Dataset<[28, 28, 1]>;
declare const images: Images;
declare const bytes: Uint8Array;
declare const denoiser: Denoiser<{ readonly w: Value<[2]> }, [2]>;
declare const step: Executable<{ readonly w: Value<[2]> }, { readonly w: Value<[2]> }>;
const key = [1, 2] as const;
const optimizer = adam({ learningRate: 1 });
const rest = { model, noising, optimizer, data, key };
const affine = { gamma: ones(2), beta: zeros(2) };
const double = program({ x: '2' }, ({ x }) => square(x));

fit({
  model,
  noising,
  optimizer,
  data,
  key,
  steps: 1,
  // @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
  batchSize: 1,
});
fit({
  model,
  noising,
  optimizer,
  data,
  key,
  batch: 1,
  // @ts-expect-error 'step' is not an option: did you mean 'steps'?
  step: 1,
});
fit({
  model,
  noising,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'optimiser' is not an option: did you mean 'optimizer'?
  optimiser: optimizer,
});
fit({
  model,
  optimizer,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'noisng' is not an option: did you mean 'noising'?
  noisng: noising,
});
fit({
  noising,
  optimizer,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'modle' is not an option: did you mean 'model'?
  modle: model,
});
fit({
  ...rest,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'averageDecey' is not an option: did you mean 'averageDecay'?
  averageDecey: 1,
});
startTraining({
  model,
  noising,
  optimizer,
  data,
  key,
  steps: 1,
  // @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
  batchSize: 1,
});
startTraining({
  model,
  noising,
  optimizer,
  data,
  key,
  batch: 1,
  // @ts-expect-error 'step' is not an option: did you mean 'steps'?
  step: 1,
});
startTraining({
  model,
  noising,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'optimiser' is not an option: did you mean 'optimizer'?
  optimiser: optimizer,
});
startTraining({
  model,
  optimizer,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'noisng' is not an option: did you mean 'noising'?
  noisng: noising,
});
startTraining({
  noising,
  optimizer,
  data,
  key,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'modle' is not an option: did you mean 'model'?
  modle: model,
});
startTraining({
  ...rest,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'averageDecey' is not an option: did you mean 'averageDecay'?
  averageDecey: 1,
});
fit({
  ...rest,
  batch: 1,
  steps: 1,
  // @ts-expect-error 'onevent' is not an option: did you mean 'onEvent'?
  onevent: () => undefined,
});
sample({
  solver: ddim(),
  key,
  // @ts-expect-error 'gird' is not an option: did you mean 'grid'?
  gird: 1,
});
sample({
  key,
  // @ts-expect-error 'solve' is not an option: did you mean 'solver'?
  solve: ddim(),
});
encode({
  images,
  // @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
  batchSize: 1,
});
variationalBound({
  data,
  key,
  // @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
  batchSize: 1,
});
logLikelihoods({
  data,
  key,
  batch: 1,
  // @ts-expect-error 'gird' is not an option: did you mean 'grid'?
  gird: 1,
});
datasetOf({
  pixels: bytes,
  image: [1, 1, 1],
  // @ts-expect-error 'label' is not an option: did you mean 'labels'?
  label: bytes,
});
datasetOfImages(images, {
  // @ts-expect-error 'lables' is not an option: did you mean 'labels'?
  lables: [1],
});
positionsOf({
  key,
  size: 1,
  // @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
  batchSize: 1,
});
lossChart([], {
  // @ts-expect-error 'titel' is not an option: did you mean 'title'?
  titel: '',
});
encodePng({
  width: 1,
  height: 1,
  channels: 1,
  // @ts-expect-error 'pixels' does not exist in type
  pixels: bytes,
});
adam({
  // @ts-expect-error 'lr' is not an option
  lr: 1,
});
adamw({
  learningRate: 1,
  // @ts-expect-error 'decay' is not an option
  decay: 1,
});
cosineDecay({
  steps: 1,
  // @ts-expect-error 'flor' is not an option: did you mean 'floor'?
  flor: 1,
});
unet({
  image: [28, 28, 1],
  base: 1,
  // @ts-expect-error 'multiplier' is not an option: did you mean 'multipliers'?
  multiplier: [1],
});
unet({
  image: [28, 28, 1],
  base: 1,
  multipliers: [1],
  // @ts-expect-error 'predict' is not an option: did you mean 'predicts'?
  predict: 'v',
});
linearLayer({
  inputs: 1,
  // @ts-expect-error 'output' is not an option: did you mean 'outputs'?
  output: 1,
});
convLayer({
  inputs: 1,
  outputs: 2,
  // @ts-expect-error 'kernel' is not an option
  kernel: 1,
});
groupNormLayer({
  channels: 1,
  // @ts-expect-error 'group' is not an option: did you mean 'groups'?
  group: 1,
});
downsampleLayer({
  // @ts-expect-error 'channel' is not an option: did you mean 'channels'?
  channel: 1,
});
upsampleLayer({
  // @ts-expect-error 'channel' is not an option: did you mean 'channels'?
  channel: 1,
});
timeEmbedding({
  timesteps: 1,
  size: 2,
  sinusoid: 'ddpm',
  // @ts-expect-error 'output' is not an option: did you mean 'outputs'?
  output: 1,
});
classEmbedding({
  outputs: 1,
  // @ts-expect-error 'classess' is not an option: did you mean 'classes'?
  classess: 1,
});
fanInUniform(1, {
  // @ts-expect-error 'output' is not an option: did you mean 'outputs'?
  output: 1,
});
cfg(1, {
  // @ts-expect-error 'reskale' is not an option: did you mean 'rescale'?
  reskale: 1,
});
cosine(10, {
  // @ts-expect-error 'maxbeta' is not an option: did you mean 'maxBeta'?
  maxbeta: 1,
});
linearUnscaled(10, {
  // @ts-expect-error 'begin' is not an option
  begin: 1,
});
ddim({
  // @ts-expect-error 'ete' is not an option: did you mean 'eta'?
  ete: 1,
});
eulerAncestral({
  // @ts-expect-error 'ete' is not an option: did you mean 'eta'?
  ete: 1,
});
euler({
  // @ts-expect-error 'chrun' is not an option: did you mean 'churn'?
  chrun: 1,
});
heun({
  // @ts-expect-error 'chrun' is not an option: did you mean 'churn'?
  chrun: 1,
});
dpmSolverPP({
  // @ts-expect-error 'ordre' is not an option: did you mean 'order'?
  ordre: 1,
});
lms({
  // @ts-expect-error 'ordre' is not an option: did you mean 'order'?
  ordre: 1,
});
uniPC({
  // @ts-expect-error 'ordre' is not an option: did you mean 'order'?
  ordre: 1,
});
pndm({
  // @ts-expect-error 'ordre' is not an option: did you mean 'order'?
  ordre: 1,
});
ancestral({
  // @ts-expect-error 'varience' is not an option: did you mean 'variance'?
  varience: 'beta',
});
sampler({
  noising,
  denoiser,
  solver: ddim(),
  // @ts-expect-error 'gird' is not an option: did you mean 'grid'?
  gird: 1,
});
sampler({
  noising,
  denoiser,
  // @ts-expect-error 'solvr' is not an option: did you mean 'solver'?
  solvr: ddim(),
});
sampler({
  denoiser,
  solver: ddim(),
  // @ts-expect-error 'noisng' is not an option: did you mean 'noising'?
  noisng: noising,
});
likelihood({
  noising,
  denoiser,
  // @ts-expect-error 'gird' is not an option: did you mean 'grid'?
  gird: 1,
});
likelihood({
  denoiser,
  // @ts-expect-error 'noisng' is not an option: did you mean 'noising'?
  noisng: noising,
});
inpainting({
  // @ts-expect-error 'resample' is not an option: did you mean 'resamples'?
  resample: 1,
});
leading(5, {
  // @ts-expect-error 'ofset' is not an option: did you mean 'offset'?
  ofset: 1,
});
linspace(5, {
  // @ts-expect-error 'endPoint' is not an option: did you mean 'endpoint'?
  endPoint: false,
});
lcmGrid(5, {
  // @ts-expect-error 'orignal' is not an option: did you mean 'original'?
  orignal: 1,
});
karrasSigmas(5, {
  min: 1,
  // @ts-expect-error 'maximum' is not an option: did you mean 'max'?
  maximum: 1,
});
superResolution({
  // @ts-expect-error 'factors' is not an option: did you mean 'factor'?
  factors: 1,
});
p2Weight({
  // @ts-expect-error 'gama' is not an option: did you mean 'gamma'?
  gama: 1,
});
importanceTimesteps({
  // @ts-expect-error 'sizes' is not an option: did you mean 'size'?
  sizes: 1,
});
logSNRTimes({
  // @ts-expect-error 'maximum' is not an option: did you mean 'max'?
  maximum: 1,
});
boundAt(noising, denoiser, {
  // @ts-expect-error 'gird' is not an option: did you mean 'grid'?
  gird: 1,
});
simpleLosses(noising, denoiser, {
  // @ts-expect-error 'conditiondropout' is not an option: did you mean 'conditionDropout'?
  conditiondropout: 1,
});
consistency({
  // @ts-expect-error 'sigma' is not an option
  sigma: 1,
});
preconditioned(
  { apply: (_: null, x) => x },
  {
    as: 'edm',
    // @ts-expect-error 'sigmadata' does not exist in type
    sigmadata: 1,
  },
);
consistencyDenoiser(noising, {
  // @ts-expect-error 'sigma' is not an option
  sigma: 1,
});
steered(noising, {
  // @ts-expect-error 'timestep' is not an option: did you mean 'timesteps'?
  timestep: [1],
});
gaussianMixture({
  weights: [1],
  means: [[1]],
  variances: [1],
  // @ts-expect-error 'shapes' is not an option: did you mean 'shape'?
  shapes: [1],
});
attention(zeros(1, 2, 2, 4), zeros(1, 2, 2, 4), zeros(1, 2, 2, 4), {
  // @ts-expect-error 'head' is not an option: did you mean 'heads'?
  head: 1,
});
conv2d(zeros(3, 3, 1, 2), {
  // @ts-expect-error 'stride' is not an option: did you mean 'strides'?
  stride: [1, 1],
});
convTranspose2d(zeros(1, 4, 4, 2), zeros(3, 3, 1, 2), {
  // @ts-expect-error 'stride' is not an option: did you mean 'strides'?
  stride: [1, 1],
});
F.pipe(
  zeros(1, 4, 4, 1),
  conv2d(zeros(3, 3, 1, 2), {
    // @ts-expect-error 'stride' is not an option: did you mean 'strides'?
    stride: [1, 1],
  }),
);
F.pipe(
  zeros(1, 4, 4, 2),
  convTranspose2d(zeros(3, 3, 1, 2), {
    // @ts-expect-error 'stride' is not an option: did you mean 'strides'?
    stride: [1, 1],
  }),
);
// @ts-expect-error 'undefined' is not assignable
convTranspose2d(zeros(3, 3, 1, 2), undefined);
// @ts-expect-error has no properties in common with type 'Convolution
conv2d(zeros(1, 4, 4, 1), Math.random() > 0 ? zeros(3, 3, 1, 2) : { strides: [1, 1] as const });
averagePooling({
  // @ts-expect-error 'size' does not exist in type
  size: [1, 1],
});
groupNorm(affine, {
  // @ts-expect-error 'group' is not an option: did you mean 'groups'?
  group: 1,
});
layerNorm(zeros(1, 2), affine, {
  // @ts-expect-error 'eps' does not exist in type
  eps: 1,
});
F.pipe(
  zeros(1, 2),
  layerNorm(affine, {
    // @ts-expect-error 'epsilonn' does not exist in type 'Epsilon'
    epsilonn: 1,
  }),
);
F.pipe(
  zeros(1, 2),
  rmsNorm(affine, {
    // @ts-expect-error 'epsilonn' does not exist in type 'Epsilon'
    epsilonn: 1,
  }),
);
layerNorm(
  {
    gamma: ones(2),
    // @ts-expect-error Type '3' is not assignable to type '2'
    beta: zeros(3),
  },
  { epsilon: 1 },
);
layerNorm(zeros(1, 2), {
  gamma: ones(2),
  // @ts-expect-error 'bet' does not exist in type 'ScaleAndShift<2>'
  bet: zeros(2),
});
/** The same in a generic function. */
export const normalized = <R extends Shape, B extends Dim, C extends Dim, D extends Dim>(
  x: Tensor<[...R, C]>,
  image: Tensor<[B, Dim, Dim, C]>,
  kernel: Tensor<[Dim, Dim, C, D]>,
  params: { readonly gamma: Tensor<[C]>; readonly beta: Tensor<[C]> },
  others: { readonly gamma: Tensor<[D]>; readonly beta: Tensor<[D]> },
) => [
  F.pipe(x, layerNorm(params, { epsilon: 1 })),
  F.pipe(image, conv2d(kernel, { strides: [2, 2] })),
  layerNorm(x, params),
  conv2d(image, kernel),
  // @ts-expect-error is not assignable to parameter of type 'ScaleAndShift<NoInfer<C>>'
  layerNorm(x, others),
  // @ts-expect-error axis 2 of the kernel must be ${C}, the channels of the image
  conv2d(image, others.gamma),
  F.pipe(
    x,
    layerNorm(params, {
      // @ts-expect-error 'epsilonn' does not exist in type 'Epsilon'
      epsilonn: 1,
    }),
  ),
  F.pipe(
    image,
    conv2d(kernel, {
      // @ts-expect-error 'stride' is not an option: did you mean 'strides'?
      stride: [1, 1],
    }),
  ),
];
rmsNorm(zeros(1, 2), affine, {
  // @ts-expect-error 'eps' does not exist in type
  eps: 1,
});
compile(
  double,
  {},
  {
    // @ts-expect-error 'donates' is not an option: did you mean 'donate'?
    donates: ['x'],
  },
);
iterate(step, {
  // @ts-expect-error 'time' is not an option: did you mean 'times'?
  time: 1,
});
wasm({
  // @ts-expect-error 'path' is not an option
  path: '',
});
webgpu({
  // @ts-expect-error 'hardwear' is not an option: did you mean 'hardware'?
  hardwear: true,
});
auto({
  // @ts-expect-error 'wams' is not an option: did you mean 'wasm'?
  wams: {},
});

// one that is missing is named
// @ts-expect-error Property 'batch' is missing in type
fit({ model, noising, optimizer, data, key, steps: 1 });
// @ts-expect-error Property 'solver' is missing in type
sample({ key });
// @ts-expect-error Property 'solver' is missing in type
sampler({ noising, denoiser });
// @ts-expect-error Property 'learningRate' is missing in type
adam({});
// @ts-expect-error Property 'base' is missing in type
unet({ image: [28, 28, 1], multipliers: [1] });
// @ts-expect-error Property 'heads' is missing in type
attention(zeros(1, 2, 2, 4), zeros(1, 2, 2, 4), zeros(1, 2, 2, 4), {});
// @ts-expect-error Property 'times' is missing in type
iterate(step, {});
