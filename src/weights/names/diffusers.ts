/** Names of diffusers (`UNet2DModel`). */
import { E, F } from '../../internal/fp.js';
import { architectureOf, levelIndices, type NamedArchitecture } from './architecture.js';
import { separateBiases, separateWeights } from './attentionLayout.js';
import { type Layout, matrix, matrixAsConv2d, table, vector } from './layout.js';
import { conv, linear, linearOf, norm, row, type Rows, type WeightRow, within } from './rows.js';
import { type Naming, tableOf } from './table.js';

const residual: Rows = [
  ...within('norm1', 'norm1', norm),
  ...within('conv1', 'conv1', conv),
  ...within('projection', 'time_emb_proj', linear),
  ...within('norm2', 'norm2', norm),
  ...within('conv2', 'conv2', conv),
  ...within('skip', 'conv_shortcut', linearOf(matrixAsConv2d)),
];

/** A weight that had other names before diffusers 0.15. */
const renamed = (ours: string, theirs: readonly string[], older: readonly string[], layout: Layout): WeightRow => ({
  ours,
  theirs,
  older,
  layout,
});

const named = (modules: readonly string[], kind: 'weight' | 'bias') => modules.map((module) => `${module}.${kind}`);

const PARTS = ['to_q', 'to_k', 'to_v'];
const OLDER_PARTS = ['query', 'key', 'value'];

const attention: Rows = [
  ...within('norm', 'group_norm', norm),
  renamed('qkv.w', named(PARTS, 'weight'), named(OLDER_PARTS, 'weight'), separateWeights),
  renamed('qkv.b', named(PARTS, 'bias'), named(OLDER_PARTS, 'bias'), separateBiases),
  renamed('output.w', ['to_out.0.weight'], ['proj_attn.weight'], matrix),
  renamed('output.b', ['to_out.0.bias'], ['proj_attn.bias'], vector),
];

/** The blocks of one level of the encoder or the decoder. */
const blocksOf = (ours: string, theirs: string, count: number): Rows =>
  Array.from({ length: count }, (_, j) => [
    ...within(`${ours}.${j}.residual`, `${theirs}.resnets.${j}`, residual),
    ...within(`${ours}.${j}.attention`, `${theirs}.attentions.${j}`, attention),
  ]).flat();

/** A module that changes the resolution: a residual block, or a convolution. */
const resampling: Rows = [...residual, ...within('', 'conv', conv)];

const levelRows = ({ multipliers, blocks }: NamedArchitecture): Rows => {
  const deepest = multipliers.length - 1;
  return levelIndices(multipliers).flatMap((level) => [
    ...blocksOf(`levels.${level}.down`, `down_blocks.${level}`, blocks),
    ...blocksOf(`levels.${level}.up`, `up_blocks.${deepest - level}`, blocks + 1),
    ...within(`levels.${level}.downsample`, `down_blocks.${level}.downsamplers.0`, resampling),
    // the block of the level below ends by doubling the resolution
    ...within(`levels.${level}.upsample`, `up_blocks.${deepest - level - 1}.upsamplers.0`, resampling),
  ]);
};

const fixedRows: Rows = [
  ...within('time.hidden', 'time_embedding.linear_1', linear),
  ...within('time.output', 'time_embedding.linear_2', linear),
  row('label.table', 'class_embedding.weight', table),
  ...within('input', 'conv_in', conv),
  ...within('middle.before', 'mid_block.resnets.0', residual),
  ...within('middle.attention', 'mid_block.attentions.0', attention),
  ...within('middle.after', 'mid_block.resnets.1', residual),
  ...within('norm', 'conv_norm_out', norm),
  ...within('output', 'conv_out', conv),
];

/**
 * The names and layouts of diffusers, for its `UNet2DModel`. Also reads the names of attention weights from before
 * version 0.15. Returns a `ConfigError` for a model that is not a U-Net, and for one with parts that a `UNet2DModel`
 * lacks.
 * @example
 * const model = unwrap(unet({ image: [8, 8, 3], base: 8, multipliers: [1], blocks: 1 }))
 * const table = unwrap(diffusers(model))
 * table.entries[0]!.theirs // → ['time_embedding.linear_1.weight']
 */
export const diffusers: Naming = (model) =>
  F.pipe(
    architectureOf('diffusers', model),
    E.flatMap((architecture) => tableOf('diffusers', model.params.leaves, [...fixedRows, ...levelRows(architecture)])),
  );
