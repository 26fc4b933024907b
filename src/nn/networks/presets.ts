/** Configurations of published networks, by name. */
import type { TreeSpec } from '../../dsl/index.js';
import type { ClassifierConfig } from './encoderClassifier.js';
import type { UNetConfig } from './unetConfig.js';
import { sizeOf } from '../../internal/numbers.js';

/** DDPM (Ho et al. 2020, appendix B). */
const ddpm = {
  base: 128,
  heads: 1,
  groups: 32,
  epsilon: 1e-6,
  padding: 'end',
} as const;

/** Improved DDPM (Nichol & Dhariwal 2021): 4000 steps, with times rescaled to 1000. */
const iddpm = {
  base: 128,
  blocks: 3,
  groups: 32,
  adaptiveGroupNorm: true,
  learnedVariance: 'range',
  timesteps: 4000,
  sinusoid: { first: 'cosine', shift: 0, scale: 1 / 4 },
} as const;

/** ADM (Dhariwal & Nichol 2021, section 3 and table 11). */
const admBlocks = {
  groups: 32,
  adaptiveGroupNorm: true,
  resample: 'residual',
  attention: [32, 16, 8],
  heads: { channels: 64 },
  sinusoid: 'guided-diffusion',
} as const;
const adm = { ...admBlocks, base: 256, learnedVariance: 'range' } as const;
const label = { classes: 1000, required: true } as const;
const imageNet = { conditions: { label } } as const;
const lowRes = { image: 3, required: true } as const;
const admClassifier = { ...admBlocks, base: 128, classes: 1000, pool: 'attention' } as const;

/** EDM (Karras et al. 2022, table 7): raw networks, whose inputs and outputs are scaled by `preconditioned`. */
const edm = {
  timesteps: 'continuous',
  groups: { channels: 4, most: 32 },
} as const;
/** EDM's labels of augmentations (appendix F.2). */
const augment = { vector: 9, at: 'input' } as const;
const cifarClasses = { conditions: { label: { classes: 10, nothing: 'zero', at: 'input' }, augment } } as const;
const ddpmpp = {
  ...edm,
  base: 128,
  inputChannels: 128,
  blocks: 4,
  attention: [16],
  upAttention: 'last',
  heads: 1,
  epsilon: 1e-6,
  rescale: Math.SQRT1_2,
  resample: 'projected',
  conditions: { augment },
  dropout: 0.13,
} as const;
/** Differences of NCSN++. */
const ncsnpp = { encoder: 'residual', filter: 'binomial', sinusoid: 'fourier', timeChannels: 256 } as const;
const on32 = { image: [32, 32, 3], multipliers: [2, 2, 2] } as const;
const on64 = { image: [64, 64, 3], multipliers: [1, 2, 2, 2] } as const;

/**
 * The configurations of published U-Nets, for `unet`. docs/models.md lists them with their sizes. ADM's upsamplers are named
 * by both resolutions. The names of the weights of `adm-64` (`64x64_diffusion.pt`) are
 * `guidedDiffusion({ newAttentionOrder: true })`, those of the other models of guided-diffusion `guidedDiffusion()`.
 * @example
 * const network = unwrap(unet(unetPresets['ddpm-cifar10']))
 * network // : UNet<[32, 32, 3], {}>
 * parameterCount(network.params) // → 35_746_307
 */
export const unetPresets = {
  'ddpm-cifar10': { ...ddpm, image: [32, 32, 3], multipliers: [1, 2, 2, 2], attention: [16], dropout: 0.1 },
  'ddpm-256': { ...ddpm, image: [256, 256, 3], multipliers: [1, 1, 2, 2, 4, 4], attention: [16] },
  'iddpm-cifar10': { ...iddpm, image: [32, 32, 3], multipliers: [1, 2, 2, 2], attention: [16, 8], dropout: 0.3 },
  'iddpm-imagenet64': { ...iddpm, image: [64, 64, 3], multipliers: [1, 2, 3, 4], attention: [16, 8] },
  'iddpm-imagenet64-cond': {
    ...iddpm,
    ...imageNet,
    ...{ base: 192, image: [64, 64, 3], multipliers: [1, 2, 3, 4], attention: [16, 8] },
  },
  'adm-64': { ...adm, ...imageNet, base: 192, blocks: 3, image: [64, 64, 3], multipliers: [1, 2, 3, 4], dropout: 0.1 },
  'adm-128': { ...adm, ...imageNet, heads: 4, image: [128, 128, 3], multipliers: [1, 1, 2, 3, 4] },
  'adm-256': { ...adm, ...imageNet, image: [256, 256, 3], multipliers: [1, 1, 2, 2, 4, 4] },
  'adm-256-uncond': { ...adm, image: [256, 256, 3], multipliers: [1, 1, 2, 2, 4, 4] },
  'adm-512': { ...adm, ...imageNet, image: [512, 512, 3], multipliers: [0.5, 1, 1, 2, 2, 4, 4] },
  'adm-64-256': {
    ...adm,
    ...imageNet,
    ...{ base: 192, heads: 4, image: [256, 256, 3], multipliers: [1, 1, 2, 2, 4, 4], conditions: { label, lowRes } },
  },
  'adm-128-512': {
    ...adm,
    ...imageNet,
    ...{ base: 192, attention: [32, 16], image: [512, 512, 3], multipliers: [1, 1, 2, 2, 4, 4] },
    conditions: { label, lowRes },
  },
  'edm-cifar10': { ...ddpmpp, ...on32 },
  'edm-cifar10-cond': { ...ddpmpp, ...on32, ...cifarClasses },
  'edm-cifar10-ncsnpp': { ...ddpmpp, ...on32, ...ncsnpp },
  'edm-cifar10-ncsnpp-cond': { ...ddpmpp, ...on32, ...ncsnpp, ...cifarClasses },
  'edm-ffhq64': { ...ddpmpp, ...on64, dropout: 0.05 },
  'edm-ffhq64-ncsnpp': { ...ddpmpp, ...on64, ...ncsnpp, dropout: 0.05 },
  'edm-afhqv2-64': { ...ddpmpp, ...on64, dropout: 0.25 },
  'edm-afhqv2-64-ncsnpp': { ...ddpmpp, ...on64, ...ncsnpp, dropout: 0.25 },
  'edm-imagenet64': {
    ...{ ...admBlocks, ...edm, base: 192, blocks: 3, image: [64, 64, 3], multipliers: [1, 2, 3, 4] },
    ...{ conditions: { label: { classes: 1000, nothing: 'zero' } }, dropout: 0.1 },
  },
} as const satisfies Readonly<Record<string, UNetConfig>>;

/**
 * The configurations of ADM's classifiers (Dhariwal & Nichol 2021, table 12), for `encoderClassifier`.
 * @example
 * const network = unwrap(encoderClassifier(classifierPresets['adm-classifier-64']))
 * parameterCount(network.params) // → 65_438_568
 */
export const classifierPresets = {
  'adm-classifier-64': { ...admClassifier, blocks: 4, image: [64, 64, 3], multipliers: [1, 2, 3, 4] },
  'adm-classifier-128': { ...admClassifier, image: [128, 128, 3], multipliers: [1, 1, 2, 3, 4] },
  'adm-classifier-256': { ...admClassifier, image: [256, 256, 3], multipliers: [1, 1, 2, 2, 4, 4] },
  'adm-classifier-512': { ...admClassifier, image: [512, 512, 3], multipliers: [0.5, 1, 1, 2, 2, 4, 4] },
} as const satisfies Readonly<Record<string, ClassifierConfig>>;

/**
 * The number of elements of all parameters, computed from their shapes without allocating memory. The random
 * frequencies of a time embedding with `fourier`, at the path `time.frequencies`, are not trained and not counted.
 * @example
 * parameterCount(linearLayer({ inputs: 3, outputs: 4 }).params) // → 16
 */
export const parameterCount = (params: TreeSpec<unknown>): number =>
  params.leaves
    .filter(({ path }) => !/(^|\.)time\.frequencies$/.test(path))
    .reduce((sum, { shape }) => sum + sizeOf(shape.map(Number)), 0);
