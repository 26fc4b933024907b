/**
 * Options with a misspelt field in a spread or in a variable: the error is at the argument, and names the field. Literals
 * are in options.ts.
 */
import {
  type Dim,
  type Executable,
  type Extent,
  iterate,
  type NoisefoldError,
  type Value,
} from '../../src/dsl/index.js';
import {
  adam,
  adamw,
  type AdamConfig,
  attentionBlock,
  classifierPresets,
  convLayer,
  type ConvLayer,
  cosineDecay,
  cosineRestarts,
  downsampleLayer,
  emaHalfLife,
  emaWarmup,
  encoderClassifier,
  groupNormLayer,
  linearLayer,
  muon,
  residualBlock,
  type ResidualBlock,
  type ResidualBlockConfig,
  sgd,
  timeEmbedding,
  unet,
  type UNet,
  type UNetConfig,
  type UNetParams,
  unetPresets,
  upsampleLayer,
} from '../../src/nn/index.js';
import {
  ancestral,
  cfg,
  cosine,
  ddim,
  dpmSolverPP,
  heun,
  karrasGrid,
  leading,
  likelihood,
  linearUnscaled,
  type Noising,
  sampler,
  type Denoiser,
} from '../../src/diffusion/index.js';
import {
  encode,
  fit,
  fitIn,
  fitInFolder,
  type Dataset,
  imageFolder,
  type Images,
  logLikelihoods,
  openRunFolder,
  prepareSampling,
  type PreparedSampling,
  type RunFolder,
  sample,
  type Sampling,
  startTraining,
  type Trained,
  type TrainEvent,
  variationalBound,
} from '../../src/training/index.js';
import { type E } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const model: UNet<[28, 28, 1]>;
declare const trained: Trained<UNetParams, [28, 28, 1]>;
declare const noising: Noising;
declare const data: Dataset<[28, 28, 1]>;
declare const images: Images;
declare const denoiser: Denoiser<{ readonly w: Value<[2]> }, [2]>;
declare const step: Executable<{ readonly w: Value<[2]> }, { readonly w: Value<[2]> }>;
declare const folder: RunFolder;
declare const prepared: PreparedSampling;
declare const some: boolean;
const key = [1, 2] as const;
const recipe = { model, noising, optimizer: adam({ learningRate: 1 }), data, key, batch: 1, steps: 1 };
const size = { base: 16, multipliers: [1, 2] };
const drawing = { solver: ddim(), key };

// a spread
const training = { ...recipe, lerningRate: 1 };
// @ts-expect-error Type 'number' is not assignable to type '"'lerningRate' is not an option"'
fit({ ...training, accumulate: 1 });
// @ts-expect-error 'acumulate' is not an option: did you mean 'accumulate'?
startTraining({ ...recipe, ...{ acumulate: 1 } });
// @ts-expect-error 'acumulate' is not an option: did you mean 'accumulate'?
fitIn(folder, { ...recipe, ...{ acumulate: 1 } });
// @ts-expect-error 'acumulate' is not an option: did you mean 'accumulate'?
fitInFolder('run', { ...recipe, ...{ acumulate: 1 } });
// a run folder has its own snapshot
// @ts-expect-error 'from' is not an option
fitInFolder('run', { ...recipe, ...{ from: 1 } });
// @ts-expect-error 'multiplyers' is not an option: did you mean 'multipliers'?
unet({ image: [28, 28, 1], ...size, ...{ multiplyers: [1, 2] } });
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
sample(trained, { ...drawing, ...{ gird: 1 } });
// one that is left out in some cases
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
sample({ ...drawing, ...(some && { gird: 1 }) });
// @ts-expect-error 'acumulate' is not an option: did you mean 'accumulate'?
fit({ ...recipe, ...(some ? { acumulate: 1 } : {}) });
// one in place of a required field
const { batch: _, ...withoutBatch } = recipe;
// @ts-expect-error 'batchSize' is not an option: did you mean 'batch'?
fit({ ...withoutBatch, ...{ batchSize: 1 } });

// a variable
const beta = { learningRate: 1e-3, beta: 0.9 };
// @ts-expect-error 'beta' is not an option: did you mean 'beta1' or 'beta2'?
adam(beta);
// @ts-expect-error 'beta' is not an option: did you mean 'beta1' or 'beta2'?
adamw(beta);
// @ts-expect-error 'beta' is not an option
sgd(beta);
// @ts-expect-error 'beta' is not an option
muon(beta);
const floors = { steps: 10, period: 1, flor: 0.1 };
// @ts-expect-error 'flor' is not an option: did you mean 'floor'?
cosineRestarts(1, floors);
// @ts-expect-error '"'period' is not an option"'
cosineDecay(floors);
const averaging = { decy: 0.9, images: 1, batch: 1, rampUp: 1 };
// @ts-expect-error 'decy' is not an option: did you mean 'decay'?
emaWarmup(averaging);
// @ts-expect-error 'decy' is not an option
emaHalfLife(averaging);
const ordre = { ordre: 2 };
// @ts-expect-error 'ordre' is not an option: did you mean 'order'?
dpmSolverPP(ordre);
// @ts-expect-error 'ordre' is not an option
ddim(ordre);
// @ts-expect-error 'ordre' is not an option
ancestral(ordre);
// @ts-expect-error 'ordre' is not an option
heun(ordre);
// @ts-expect-error 'ordre' is not an option
cosine(10, ordre);
// @ts-expect-error 'ordre' is not an option
linearUnscaled(10, ordre);
// @ts-expect-error 'ordre' is not an option
cfg(2, ordre);
// @ts-expect-error 'ordre' is not an option
leading(2, ordre);
// @ts-expect-error 'ordre' is not an option
karrasGrid(2, ordre);
const classified = { image: [28, 28, 1], ...size, classes: 10, pol: 'adaptive' } as const;
// @ts-expect-error 'pol' is not an option: did you mean 'pool'?
encoderClassifier(classified);
const wide = { inputs: 1, outputs: 2, channels: 4, groups: 2, kernel: 3 } as const;
// @ts-expect-error is not an option
convLayer(wide);
// @ts-expect-error is not an option
linearLayer(wide);
// @ts-expect-error is not an option
groupNormLayer(wide);
// @ts-expect-error is not an option
downsampleLayer(wide);
// @ts-expect-error is not an option
upsampleLayer(wide);
// @ts-expect-error is not an option
residualBlock({ ...wide, embedding: 8 });
// @ts-expect-error is not an option
attentionBlock({ ...wide, heads: 1 });
// @ts-expect-error is not an option
timeEmbedding({ ...wide, timesteps: 10, size: 4, sinusoid: 'ddpm' });
const parts = { noising, denoiser, solver: ddim(), gird: 1 };
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
sampler(parts);
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
likelihood(parts);
const measuring = { data, batch: 1, key, image: 1 };
// @ts-expect-error 'image' is not an option: did you mean 'images'?
variationalBound(measuring);
// @ts-expect-error 'image' is not an option: did you mean 'images'?
logLikelihoods(trained, measuring);
const encoding = { images, gird: 1 };
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
encode(encoding);
// @ts-expect-error 'gird' is not an option: did you mean 'grid'?
encode(trained, encoding);
const preparation = { solver: ddim(), labels: [1] };
// @ts-expect-error 'labels' is not an option
prepareSampling(trained, preparation);
const request = { key, labls: [1] };
// @ts-expect-error 'labls' is not an option: did you mean 'labels'?
prepared.sample(request);
const opening = { resum: true };
// @ts-expect-error 'resum' is not an option: did you mean 'resume'?
openRunFolder('run', opening);
// @ts-expect-error 'resum' is not an option: did you mean 'resume'?
fitInFolder('run', recipe, opening);
const pictures = { size: 32, chanels: 3 } as const;
// @ts-expect-error 'chanels' is not an option: did you mean 'channels'?
imageFolder('pictures', pictures);
const times = { times: 3, ofEach: 1 };
// @ts-expect-error 'ofEach' is not an option
iterate(step, times);

// another mistake has its own message
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'AdamConfig'
adam(1e-3);
// @ts-expect-error has no properties in common with type
dpmSolverPP(2);
const text = { learningRate: '1e-3' };
// @ts-expect-error Type 'string' is not assignable to type 'LearningRate'
adam(text);

// well typed: variables, spreads, and fields that may be left out
declare const config: UNetConfig;
declare const adamConfig: AdamConfig;
declare const sampling: Sampling;
declare const anything: never;
expectType<E.Either<NoisefoldError, UNet<[Dim, Dim, Dim]>>>()(unet(config));
expectType<E.Either<NoisefoldError, UNet<[28, 28, 1], { readonly label: 10 }>>>()(
  unet({ image: [28, 28, 1], conditions: { label: 10 }, ...size }),
);
type Required = { readonly label: { readonly classes: 1000; readonly required: true } };
expectType<E.Either<NoisefoldError, UNet<[64, 64, 3], Required>>>()(unet({ ...unetPresets['adm-64'], dropout: 0 }));
encoderClassifier({ ...classifierPresets['adm-classifier-64'], classes: 10 });
unet({ ...config, ...(some && { dropout: 0.1 }) });
unet(anything);
adam(adamConfig);
sample(sampling)(trained);
sample(trained, { ...sampling, ...(some ? { grid: 5 } : {}) });
ddim();
ddim({});
ddim(some ? { eta: 1 } : {});
ddim(some ? { eta: 1 } : undefined);
const list = [{ eta: 0 }, {}, { eta: 1 }];
list.map((one) => ddim(one));
expectType<ConvLayer<1, 2>>()(convLayer({ inputs: 1, outputs: 2, ...(some && { size: 1 }) }));

// callbacks have their types, also beside a spread
fit({
  ...recipe,
  onEvent: (event) => expectType<TrainEvent>()(event),
  onError: (error) => expectType<NoisefoldError>()(error),
});
sample(trained, {
  ...drawing,
  onStep: (done, of, count) => expectType<number>()(done + of + count),
  previews: { every: 1, show: ({ images: shown }) => expectType<Images>()(shown) },
});

// functions that pass options on, also with type parameters
export const withSize = <C extends number>(channels: Extent<C>, rest: Omit<ResidualBlockConfig<C, C, 8>, 'inputs'>) =>
  residualBlock({ ...rest, inputs: channels });
export const same = <C extends number>(given: ResidualBlockConfig<C, C, 8>) => residualBlock(given);
expectType<ResidualBlock<4, 4, 8>>()(same({ inputs: 4, outputs: 4, embedding: 8, groups: 2 }));
export const drawn = <S extends Sampling>(given: S) => sample(trained, given);
export const drawnWith = <S extends Partial<Sampling>>(given: S) => sample(trained, { ...drawing, ...given });
export const built = <S extends UNetConfig>(given: S) => unet({ ...given, dropout: 0 });
