/**
 * Misspelt and missing options from JavaScript. Every options object of a public function is passed once with a
 * misspelt field and once without a required field; the error names the field, and suggests the right one.
 */
import { describe, expect, test } from 'vitest';
import { auto } from '../src/backends/auto/index.js';
import { reference } from '../src/backends/reference/index.js';
import { tfjs } from '../src/backends/tfjs/index.js';
import { wasm } from '../src/backends/wasm/index.js';
import { webgpu } from '../src/backends/webgpu/index.js';
import * as d from '../src/diffusion/index.js';
import * as dsl from '../src/dsl/index.js';
import * as ev from '../src/evaluation/index.js';
import { E, F, RTE } from '../src/internal/fp.js';
import { open, unwrap } from '../src/index.js';
import * as nn from '../src/nn/index.js';
import { progress } from '../src/terminal/index.js';
import * as tr from '../src/training/index.js';

type Options = Readonly<Record<string, unknown>>;
/** Removes the type of options, as in JavaScript. */
type Call = (options: never) => unknown;

interface Row {
  readonly name: string;
  readonly call: Call;
  readonly required: Options;
  readonly optional: Options;
}
const row = (name: string, call: Call, required: Options, optional: Options = {}): Row => ({
  name,
  call,
  required,
  optional,
});

const noising = unwrap(d.ddpm(d.cosine(10)));
const key = dsl.key(7);
const { zeros, ones } = dsl;
const denoiser: d.Denoiser<null, [2]> = { predicts: 'x0', conditions: { label: { classes: 3 } }, apply: (_, x) => x };
const guided = { ...denoiser, apply: denoiser.apply } as unknown as d.Denoiser<{ readonly guide: null }, [2]>;
const uphill: d.GuideGradient<null, [2]> = { gradient: (_, x) => x };
const optimizer = nn.adam({ learningRate: 1e-3 });
const image = zeros(1, 2, 2, 1);
const at = { t: dsl.iota(1) };
const bytes = Uint8Array.of(0);
const grey = { shape: [1, 1, 1], data: bytes };
const noFiles = Uint8Array.of(0x50, 0x4b, 5, 6, ...new Uint8Array(18));
const data = unwrap(tr.datasetOf({ pixels: bytes, labels: bytes, image: [1, 1, 1] }));
const images: tr.Images = { data: Float32Array.of(0), shape: [1, 1, 1, 1] };
const model: d.Model<object, [1, 1, 1]> = { ...nn.layer({}, () => null), predicts: 'x0', apply: (_, x) => x };
const trained = { model, noising, image: [1, 1, 1], params: {} } as never; // one type for every function
const features: ev.Features = { data: Float64Array.of(1, 1, 1), shape: [3, 1] };
const network = {
  model: { image: [1, 1, 1], params: dsl.treeSpec<object>({}), apply: (x: unknown) => x },
  params: {},
} as never;
const pairs = d.ectPairs({ steps: 10 });
const recipe = { model, noising, optimizer, data, batch: 1, steps: 1, key };

/** The error of options that are checked when a program is traced. */
const traced =
  (build: (options: never, k: dsl.Key) => unknown): Call =>
  (options) =>
    dsl.compile(
      dsl.program('key', (k) => ({ it: build(options, k) as dsl.AnyTensor })),
      {},
    );

/** The error of options that a solver checks when it gets its steps. */
const solving =
  (solver: (options: never) => d.Solver): Call =>
  (options) =>
    solver(options).plan([], noising);

const grid =
  (make: (options: never) => d.Grid): Call =>
  (options) =>
    make(options)(noising);

const never = RTE.left('not reached') as never;

const rows: readonly Row[] = [
  row('compile', (o) => dsl.compile(dsl.program({ x: '2' }, ({ x }) => x), {}, o), {}, { donate: [] }),
  row('iterate', (o) => dsl.iterate({ run: (_: object) => never }, o)({}), { times: 1 }, { every: 1, name: 'a' }),
  row('sinusoid', (o) => dsl.sinusoid(ones(2), o), { size: 4, sinusoid: 'ddpm' }, { maxPeriod: 10, scale: 1 }),
  row('attention', (o) => dsl.attention(image, image, image, o), { heads: 1 }, { mask: dsl.greater(zeros(1, 2, 2), 0) }),
  row('conv2d', (o) => dsl.conv2d(image, zeros(1, 1, 1, 1), o), {}, { strides: [1, 1], dilation: [1, 1] }),
  row('convTranspose2d', (o) => dsl.convTranspose2d(image, zeros(1, 1, 1, 1), o), {}, { outputPadding: [0, 0] }),
  row('averagePooling', (o) => dsl.averagePooling(image, o), { window: [1, 1] }, { strides: [1, 1] }),
  row('maxPooling', (o) => dsl.maxPooling(image, o), { window: [1, 1] }, { padding: 'same' }),
  row('groupNorm', (o) => dsl.groupNorm(image, { gamma: ones(1), beta: ones(1) }, o), { groups: 1 }, { epsilon: 1 }),
  row('standardizeGroups', (o) => dsl.standardizeGroups(image, o), { groups: 1 }, { epsilon: 1 }),
  row('layerNorm', (o) => dsl.layerNorm(image, { gamma: ones(1), beta: ones(1) }, o), {}, { epsilon: 1 }),
  row('rmsNorm', (o) => dsl.rmsNorm(image, { gamma: ones(1) }, o), {}, { epsilon: 1 }),

  row('unet', nn.unet, { image: [4, 4, 1], base: 8, multipliers: [1] }, { groups: 4, predicts: 'v', conditions: { label: 2 } }),
  row('unet classes', (o) => nn.unet({ image: [4, 4, 1], base: 8, multipliers: [1], conditions: { label: { classes: 2, ...Object(o) } } }), {}, { names: ['a', 'b'], nothing: 'zero', at: 'input', required: true }),
  row('unet image', (o) => nn.unet({ image: [4, 4, 1], base: 8, multipliers: [1], conditions: { small: { image: 1, ...Object(o) } } }), {}, { noiseLevel: true, required: true }),
  row('unet heads', (o) => nn.unet({ image: [4, 4, 1], base: 8, multipliers: [1], heads: o }), { channels: 1 }),
  row('adam', nn.adam, { learningRate: 1 }, { beta1: 0.5, epsilon: 1 }),
  row('adamw', nn.adamw, { learningRate: 1 }, { weightDecay: 1 }),
  row('cosineDecay', (o) => nn.cosineDecay(1, o), { steps: 5 }, { floor: 0, from: 1 }),
  row('polynomialDecay', (o) => nn.polynomialDecay(1, o), { steps: 5, power: 2 }, { floor: 0, from: 1 }),
  row('cosineRestarts', (o) => nn.cosineRestarts(1, o), { period: 5 }, { floor: 0, growth: 2 }),
  row('sgd', nn.sgd, { learningRate: 1 }, { momentum: 0.5, weightDecay: 1 }),
  row('muon', nn.muon, { learningRate: 1 }, { momentum: 0.5, steps: 3 }),
  row('emaWarmup', nn.emaWarmup, {}, { inverseGamma: 2, power: 1 }),
  row('emaHalfLife', nn.emaHalfLife, { images: 5, batch: 1 }, { rampup: 0.05 }),
  row('linearLayer', nn.linearLayer, { inputs: 1, outputs: 1 }, { initializer: nn.allOnes }),
  row('convLayer', nn.convLayer, { inputs: 1, outputs: 1 }, { size: 1 }),
  row('groupNormLayer', nn.groupNormLayer, { channels: 1, groups: 1 }),
  row('layerNormLayer', nn.layerNormLayer, { channels: 1 }, { epsilon: 1 }),
  row('gegluLayer', nn.gegluLayer, { channels: 1, hidden: 4 }),
  row('attentionLayer', nn.attentionLayer, { channels: 1, tokens: 1, heads: 1 }),
  row('transformerBlock', nn.transformerBlock, { channels: 1, tokens: 1, heads: 1, groups: 1 }),
  row('downsampleLayer', nn.downsampleLayer, { channels: 1 }),
  row('upsampleLayer', nn.upsampleLayer, { channels: 1 }),
  row('attentionBlock', nn.attentionBlock, { channels: 1, heads: 1, groups: 1 }),
  row('residualBlock', nn.residualBlock, { inputs: 1, outputs: 1, embedding: 1, groups: 1 }, { adaptiveGroupNorm: false, dropout: 0 }),
  row('unetBlock', nn.unetBlock, { inputs: 1, outputs: 1, embedding: 1, groups: 1, heads: null }, { adaptiveGroupNorm: false, dropout: 0 }),
  row('downsampleBlock', nn.downsampleBlock, { inputs: 1, outputs: 1, embedding: 1, groups: 1 }, { filter: 'box' }),
  row('upsampleBlock', nn.upsampleBlock, { inputs: 1, outputs: 1, embedding: 1, groups: 1 }, { filter: 'box' }),
  row('attentionPool', nn.attentionPool, { pixels: 1, inputs: 1, outputs: 1, heads: 1 }),
  row('sinusoidTable', nn.sinusoidTable, { timesteps: 1, size: 2, sinusoid: 'ddpm' }),
  row('timeEmbedding', nn.timeEmbedding, { timesteps: 1, size: 2, sinusoid: 'ddpm', outputs: 1 }),
  row('classEmbedding', nn.classEmbedding, { classes: 1, outputs: 1 }),
  row('fanInNormal', traced((o, k) => nn.fanInNormal(1, o)(k, 1, 1)), {}, { outputs: 1 }),
  row('fanInUniform', traced((o, k) => nn.fanInUniform(1, o)(k, 1, 1)), {}, { outputs: 1 }),

  row('cosine', (o) => d.cosine(9, o), {}, { maxBeta: 0.5 }),
  row('exponential', (o) => d.exponential(9, o), {}, { rate: 1 }),
  row('laplace', (o) => d.laplace(9, o), {}, { maxBeta: 0.5 }),
  row('sigmoidAlphaBar', (o) => d.sigmoidAlphaBar(9, o), {}, { start: 1 }),
  ...(['linearUnscaled', 'quadratic', 'scaledLinear', 'sigmoidBetas'] as const).map((name) =>
    row(name, (o) => d[name](9, o), {}, { start: 0.1, end: 0.2 }),
  ),
  row('warmupBetas', (o) => d.warmupBetas(9, 0.1, o), {}, { start: 0.1 }),
  row('karrasSigmas', (o) => d.karrasSigmas(4, o), { min: 0.1, max: 9 }, { rho: 7 }),
  row('exponentialSigmas', (o) => d.exponentialSigmas(4, o), { min: 0.1, max: 9 }),
  row('karrasGrid', grid((o) => d.karrasGrid(4, o)), {}, { rho: 7 }),
  row('exponentialGrid', grid((o) => d.exponentialGrid(4, o)), {}, { min: 1 }),
  row('polyexponentialGrid', grid((o) => d.polyexponentialGrid(4, o)), {}, { rho: 2 }),
  row('evenGrid', grid((o) => d.evenGrid(4, o)), {}, { shift: 2, terminal: 0.1 }),
  row('betaGrid', grid((o) => d.betaGrid(4, o)), {}, { alpha: 0.6 }),
  row('betaSigmaGrid', grid((o) => d.betaSigmaGrid(4, o)), {}, { beta: 0.6 }),
  row('trailing', grid((o) => d.trailing(4, o)), {}, { rounding: 'down' }),
  row('vpGrid', grid((o) => d.vpGrid(4, o)), {}, { betaD: 9 }),
  row('linspace', grid((o) => d.linspace(4, o)), {}, { endpoint: true }),
  row('leading', grid((o) => d.leading(4, o)), {}, { offset: 0, endpoint: true }),
  row('lcmGrid', grid((o) => d.lcmGrid(1, o)), {}, { original: 2 }),
  row('ancestral', solving(d.ancestral), {}, { variance: 'beta' }),
  row('ddim', solving(d.ddim), {}, { eta: 0 }),
  row('eulerAncestral', solving(d.eulerAncestral), {}, { eta: 0 }),
  row('euler', solving(d.euler), {}, { churn: 0, sNoise: 1 }),
  row('heun', solving(d.heun), {}, { churn: 0, sNoise: 1 }),
  row('rungeKutta', solving(d.rungeKutta), { tableau: [[1]] }, { maxSigmaRatio: 9 }),
  row('dpmSolverPP', solving(d.dpmSolverPP), {}, { order: 1 }),
  row('dpmSolverPPSde', solving(d.dpmSolverPPSde), {}, { order: 1 }),
  row('dpmSolverPPSinglestep', solving(d.dpmSolverPPSinglestep), {}, { order: 1 }),
  row('lms', solving(d.lms), {}, { order: 1 }),
  row('pndm', solving(d.pndm), {}, { order: 1, start: 'fewer' }),
  row('deis', solving(d.deis), {}, { order: 2, variable: 't' }),
  row('dpmSolver', solving(d.dpmSolver), {}, { order: 2 }),
  row('dpmSolverFast', solving(d.dpmSolverFast), { evaluations: 9 }, { eta: 0, sNoise: 1 }),
  row('dpmSolverPP2SAncestral', solving(d.dpmSolverPP2SAncestral), {}, { eta: 1 }),
  row('dpmSolverPPSdeSinglestep', solving(d.dpmSolverPPSdeSinglestep), {}, { eta: 1 }),
  row('saSolver', solving(d.saSolver), {}, { order: 2, tau: 1 }),
  row('flowEuler', solving(d.flowEuler), {}, { churn: 0, sNoise: 1 }),
  row('flowHeun', solving(d.flowHeun), {}, { alpha: 1, churn: 0 }),
  row('flowSde', solving(d.flowSde), {}, { method: 'euler' }),
  row('kdpm2', solving(d.kdpm2), {}, { churn: 0 }),
  row('kdpm2Ancestral', solving(d.kdpm2Ancestral), {}, { eta: 1, maxSigmaRatio: 9 }),
  row('restart', solving(d.restart), { intervals: [] }, { sNoise: 1, rho: 7 }),
  row('tcd', solving(d.tcd), {}, { gamma: 0.3 }),
  row('uniPC', solving(d.uniPC), {}, { order: 1, variant: 'bh1' }),
  row('cfg', (o) => d.cfg(2, o)(denoiser), {}, { rescale: 0.5, interval: [0, 1] }),
  row('cfgPlusPlus', (o) => d.cfgPlusPlus(1, o)(denoiser), {}, { interval: [0, 1] }),
  row('cfgZero', (o) => d.cfgZero(2, o)(denoiser), {}, { zeroSteps: 1 }),
  row('apg', (o) => d.apg(2, o)(denoiser), {}, { norm: 1, eta: 0 }),
  row('autoguidance', (o) => d.autoguidance(denoiser, 2, o)(guided), {}, { rescale: 0.5 }),
  row('pag', (o) => d.pag(2, o)({ ...denoiser, perturbed: denoiser.apply }), {}, { rescale: 0.5 }),
  row('meanGuided', (o) => d.meanGuided(uphill, 1, o)(guided), {}, { gradientAt: 'mean' }),
  row('sampler', d.sampler, { noising, denoiser, solver: d.ddim() }, { grid: 2, correction: d.uncorrected }),
  row('adaptiveSampler', d.adaptiveSampler, { noising, denoiser }, { order: 2, rule: 'heun', toData: true }),
  row('likelihood', d.likelihood, { noising, denoiser }, { grid: 2 }),
  row('inpainting', (o) => F.pipe(d.sampler({ noising, denoiser, solver: d.ddim(), correction: d.uncorrected }), E.flatMap(d.inpainting(o))), {}, { resamples: 1, jump: 1 }),
  row('superResolution', traced((o, k) => d.superResolution(o)(image, k).image), { factor: 2 }),
  row('conditioningAugmentation', traced((o, k) => d.conditioningAugmentation(noising, o)(d.superResolution({ factor: 2 }))(image, k).image), {}, { levels: 2 }),
  row('p2Weight', (o) => d.weightsOf('x0', d.p2Weight(o))(noising), {}, { gamma: 1 }),
  row('logNormalTimes', traced((o, k) => d.logNormalTimes(o)(noising)(zeros(4))(k)), {}, { deviation: 1 }),
  row('importanceTimesteps', (o) => d.importanceTimesteps(o).memory(noising), {}, { size: 1, uniform: 0.1 }),
  row('logSNRTimes', (o) => d.logSNRTimes(o).memory(d.rectifiedFlow()), {}, { min: 1 }),
  row('boundAt', (o) => d.boundAt(d.edm(), denoiser, o), {}, { grid: 3, cdf: 'tanh', variance: 'beta' }),
  row('ectPairs', d.ectPairs, { steps: 10 }, { stages: 2 }),
  row('rootIntervals', d.rootIntervals, { steps: 10 }, { from: 2, to: 150 }),
  row('doublingIntervals', d.doublingIntervals, { steps: 10 }, { from: 2, to: 150 }),
  row('karrasPairs', d.karrasPairs, { intervals: 10 }, { min: 0.1, max: 9, rho: 7 }),
  row('karrasTimes', traced((o, k) => d.karrasTimes(o)(d.edm())(zeros(4))(k)), {}, { min: 0.1, max: 9, rho: 7 }),
  row('consistencyLosses', d.consistencyLosses, { pairs }, { distance: d.l1Distance, weighting: d.snrWeight, target: nn.emaConstant(0.9) }),
  row('consistencyDistillationLosses', d.consistencyDistillationLosses, { pairs, teacher: trained }, { guidance: d.unguided, solver: 'euler', distance: d.l1Distance, weighting: d.snrWeight, target: nn.emaConstant(0.9) }),
  row('continuousConsistencyLosses', d.continuousConsistencyLosses, {}, { warmup: 5 }),
  row('continuousConsistencyDistillationLosses', d.continuousConsistencyDistillationLosses, { teacher: trained }, { guidance: d.unguided }),
  row('progressiveLosses', d.progressiveLosses, { teacher: trained, steps: 2 }, { guidance: d.unguided, distance: d.l1Distance, weighting: d.snrWeight }),
  row('meanFlowLosses', d.meanFlowLosses, {}, { share: 0.5 }),
  row('consistency', solving(d.consistency), {}, { sigmaMin: 0 }),
  row('preconditioned', (o) => d.preconditioned(denoiser as never, { as: 'edm', ...Object(o) }), {}, { sigmaData: 1, sigmaMin: 0.002, timeScale: 1000 }),
  row('consistencyDenoiser', (o) => d.consistencyDenoiser(noising, o)(denoiser).apply(null, ones(1, 2), at), {}, { sigmaData: 1 }),
  row('steered', (o) => d.steered(noising, o)(denoiser), {}, { correction: d.uncorrected }),
  ...(['simpleLosses', 'predictionErrors', 'noisedBatch', 'boundLosses', 'rescaledBoundLosses', 'hybridLosses', 'usualLosses'] as const).map((name) =>
    row(name, traced((o, k) => {
      if (name === 'noisedBatch') return d.noisedBatch(noising, denoiser, o)({ x0: ones(1, 2), key: k }).xt;
      const loss = d[name](noising, denoiser, o)(null, { x0: ones(1, 2), key: k });
      return 'losses' in loss ? loss.losses : loss.error;
    }), {}, { conditionDropout: 0.1 }),
  ),
  row('pMeanVariance', (o) => d.pMeanVariance(noising, denoiser, o)(null, ones(1, 2), at).mean, {}, { variance: 'beta' }),
  row('gaussianMixture', d.gaussianMixture, { shape: [1], weights: [1], means: [[1]], variances: [1] }),

  row('optimalTransport', tr.optimalTransport, {}, { source: () => new Float32Array(1), entropy: 1 }),
  row('fit', tr.fit, recipe, { loss: d.simpleLosses, coupling: tr.optimalTransport(), conditionDropout: 0, conditions: {}, onEvent: () => undefined }),
  row('fit conditionDropout', (o) => tr.fit({ ...recipe, conditionDropout: o }), {}, { together: 0.1, each: 0.1 }),
  row('fit heldOut', (o) => tr.fit({ ...recipe, heldOut: o }), { data, every: 1 }, { images: 1 }),
  row('startTraining', tr.startTraining, recipe, { averageDecay: 0.5 }),
  row('sample', (o) => tr.sample(o)(trained), { solver: d.ddim(), key }, { grid: 2, labels: [], guidance: d.unguided, previews: { every: 1, show: () => never } }),
  row('sample previews', (o) => tr.sample({ solver: d.ddim(), key, previews: o })(trained), { every: 1, show: () => never }),
  row('sample from', (o) => tr.sample({ solver: d.ddim(), key, from: o })(trained), { images, strength: 0.5 }),
  row('sample known', (o) => tr.sample({ solver: d.ddim(), key, known: o })(trained), { images, mask: images }, { resamples: 1 }),
  row('sampleAdaptive', (o) => tr.sampleAdaptive(trained, o), { key }, { rtol: 0.1, attempts: 9 }),
  row('reflowPairs', (o) => tr.reflowPairs(trained, o), { solver: d.ddim(), key }, { grid: 2, labels: [], count: 1, batch: 1 }),
  row('encode', (o) => tr.encode(o)(trained), { images }, { grid: 2 }),
  row('variationalBound', (o) => tr.variationalBound(o)(trained), { data, batch: 1, key }, { variance: 'beta' }),
  row('logLikelihoods', (o) => tr.logLikelihoods(o)(trained), { data, batch: 1, key }, { dequantize: true }),
  row('datasetOf', tr.datasetOf, { pixels: bytes, image: [1, 1, 1] }, { labels: bytes }),
  row('datasetOfImages', (o) => tr.datasetOfImages(images, o), {}, { labels: [0] }),
  row('datasetOfArrays', tr.datasetOfArrays, { images: grey }, { labels: { shape: [1], data: bytes }, image: [1, 1, 1] }),
  row('decodeNpz', (o) => tr.decodeNpz('a.npz', o)(noFiles), {}, { maxBytes: 1 }),
  row('readNpzDataset', (o) => tr.readNpzDataset('none.npz', o), { images: 'x' }, { labels: 'y', image: [1, 1, 1], maxBytes: 1 }),
  row('imageFolder', (o) => tr.imageFolder('none', o), { size: 4 }, { channels: 1, resize: 'fill', crop: 'top', background: [0, 0, 0], labels: 'none', names: {}, cache: 0 }),
  row('imagesOfFiles', (o) => tr.imagesOfFiles([], o), { size: [4, 6] }, { channels: 4, labels: () => 1 }),
  row('randomFlip', tr.randomFlip, {}, { probability: 0, direction: 'vertical' }),
  row('randomCrop', tr.randomCrop, { padding: 4 }, { fill: 'edge' }),
  row('positionsOf', tr.positionsOf, { key, size: 1, batch: 1 }),
  row('lossChart', (o) => tr.lossChart([], o), {}, { title: 'a', logarithmic: true }),
  row('progress', (o) => progress('training', o), {}, { stream: { write: () => true } }),
  row('encodePng', tr.encodePng, { width: 1, height: 1, channels: 1, data: bytes }),

  row('kernelDistance', (o) => ev.kernelDistance(features, features, o), {}, { subsets: 1, size: 2, key }),
  row('inceptionScore', (o) => ev.inceptionScore(features, o), {}, { size: 1 }),
  row('precisionRecall', (o) => ev.precisionRecall(features, features, o), {}, { neighbours: 1 }),
  row('compareFeatures', (o) => ev.compareFeatures({ features }, { features }, o), {}, { labels: [0], kid: {}, score: {}, neighbours: 1 }),
  row('extractFeatures', (o) => ev.extractFeatures(network, images, o), {}, { images: 1, batch: 1, onBatch: () => never, signal: { aborted: false } }),
  row('evaluateSamples', ev.evaluateSamples, { network, real: images, generated: images }, { labels: [0], kid: {}, score: {}, neighbours: 1, batch: 1, signal: { aborted: false } }),

  row('tfjs wasm', (o) => tfjs('wasm', o), {}, { paths: '/' }),
  row('tfjs webgpu', (o) => tfjs('webgpu', o), {}, { hardware: true }),
  row('wasm', wasm, {}, { threads: 1, portable: true, onNotice: () => never }),
  row('webgpu', webgpu, {}, { fallback: true, hardware: true }),
  row('auto', auto, {}, { order: [], wasm: {} }),
  row('auto wasm', (o) => auto({ wasm: o }), {}, { threads: 1, portable: true, onNotice: () => never }),
]; // oxfmt-ignore

/** The error of a call: thrown, a `Left`, or the result of its effect on a backend. */
const errorOf = async (call: () => unknown): Promise<dsl.NoisefoldError | null> => {
  const nf = await open(reference());
  try {
    const result = call();
    if (typeof result === 'function') await nf.run(result as never);
    else if (typeof result === 'object' && result !== null && '_tag' in result) unwrap(result as never);
    return null;
  } catch (thrown) {
    const error = dsl.errorIn(thrown);
    if (error === null) throw thrown;
    return error;
  } finally {
    await nf.close();
  }
};

/** Misspells a name by doubling its last letter. */
const misspelt = (name: string): string => `${name}${name.at(-1)}`;

describe.each(rows)('$name', ({ call, required, optional }) => {
  const all = { ...required, ...optional };

  test.each(Object.keys(all))('%s, misspelt', async (name) => {
    const { [name]: value, ...others } = all;
    const error = await errorOf(() => call({ ...others, [misspelt(name)]: value } as never));
    expect(error).toMatchObject({ _tag: 'ConfigError', actual: 'an unknown field' });
    expect(error?.where).toMatch(new RegExp(`\\.${misspelt(name)}$`));
    expect(error?.hint).toMatch(new RegExp(`^did you mean ${name}\\?`));
  });

  if (Object.keys(required).length > 0)
    test.each(Object.keys(required))('%s, missing', async (name) => {
      const { [name]: _, ...others } = required;
      const error = await errorOf(() => call(others as never));
      expect(error).toMatchObject({ _tag: 'ConfigError', actual: 'nothing' });
      expect(error?.where).toMatch(new RegExp(`\\.${name}$`));
    });
});

test.each<readonly [string, Call, string, string]>([
  ['fit', tr.fit, 'process', 'noising'],
  ['fit', tr.fit, 'lr', 'optimizer: adam({ learningRate })'],
  ['fit', tr.fit, 'ema', 'averageDecay'],
  ['fit', tr.fit, 'gradientClip', 'optimizer: chain(clipByGlobalNorm(1), adam({ learningRate }))'],
  ['fit', tr.fit, 'validation', 'heldOut: { data, every }'],
  ['sample', (o) => tr.sample(o)(trained), 'guidanceScale', 'guidance: cfg(2)'],
  ['sample', (o) => tr.sample(o)(trained), 'cfg', 'guidance: cfg(2)'],
  ['sample', (o) => tr.sample(o)(trained), 'numInferenceSteps', 'grid'],
  ['sample', (o) => tr.sample(o)(trained), 'mask', 'known: { images, mask }'],
  ['sample', (o) => tr.sample(o)(trained), 'init', 'from: { images, strength }'],
  ['sample', (o) => tr.sample(o)(trained), 'n', 'count'],
  ['unet', nn.unet, 'size', 'image: [height, width, channels]'],
  ['unet', nn.unet, 'channels', 'image: [height, width, channels]'],
  ['unet', nn.unet, 'parameterization', 'predicts'],
])('%s suggests its own word for one of PyTorch or diffusers: $2', async (name, call, theirs, ours) => {
  const error = await errorOf(() => call({ [theirs]: 1 } as never));
  expect(error).toMatchObject({ where: `${name}.${theirs}`, hint: `did you mean ${ours}?` });
  expect(error?.expected).toMatch(new RegExp(`^one of the fields ${/^\w+/.exec(ours)?.[0]},`)); // the first of many
});

test('backends without options take none', async () => {
  for (const backend of [(o: never) => tfjs('cpu', o), reference])
    expect(await errorOf(() => backend({ threads: 4 } as never))).toMatchObject({
      expected: 'no fields',
      actual: 'an unknown field',
    });
});

const x = zeros(2, 2, 2, 1);
describe.each([
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['an object without a text', Object.create(null), 'an object'],
])('%s in place of a number is an error', (_, value, text) => {
  test.each<readonly [string, (n: never) => unknown]>([
    ['key', (n) => dsl.key(n)],
    ['foldIn', (n) => dsl.foldIn(key, n)],
    ['spec', (n) => dsl.leafSpec([n])],
    ['zeros', (n) => zeros(n)],
    ['softmax', (n) => dsl.softmax(x, n)],
    ['topK', (n) => dsl.topK(x, n)],
    ['pixelShuffle', (n) => dsl.pixelShuffle(x, n)],
    ['bernoulli', (n) => dsl.compile(dsl.program('key', dsl.bernoulli(n, 2)), {})],
    ['randint', (n) => dsl.compile(dsl.program('key', dsl.randint(0, n, 2)), {})],
    ...[d.cosine, d.linear, d.quadratic, d.sigmoidAlphaBar].map((schedule) => ['T', schedule] as const),
    ['cfg', (n) => d.cfg(n)],
  ])('of %s', async (_name, call) => {
    expect((await errorOf(() => call(value as never)))?.message).toContain(text);
  });
});
