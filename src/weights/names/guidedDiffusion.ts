/** Names of guided-diffusion (Dhariwal & Nichol 2021) and improved-diffusion (Nichol & Dhariwal 2021). */
import type { Exact } from '../../internal/exact.js';
import { E, F, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type AttentionOrder, jointBias, jointWeight } from './attentionLayout.js';
import { matrixAsConv1d, matrixAsConv2d, positions, table } from './layout.js';
import { architectureOf, levelIndices, type NamedArchitecture } from './architecture.js';
import { conv, linear, linearOf, norm, row, type Rows, within } from './rows.js';
import { type Naming, tableOf } from './table.js';
import type { Heads } from '../../nn/layers/heads.js';

const namesOptions = schema('guidedDiffusion', {
  /**
   * The flag `use_new_attention_order` of the model; default false. It is true for `64x64_diffusion.pt` (the preset
   * `adm-64`) and false for the other published models. Names and shapes are the same in both orders, so a wrong order
   * cannot be detected.
   */
  newAttentionOrder: optional(t.boolean, false),
}).elsewhere(['params', 'config'], 'it takes options, not a model: write names: guidedDiffusion()');

/** Options of {@link guidedDiffusion}. */
export interface GuidedDiffusionNames extends OptionsOf<typeof namesOptions> {}

const residual: Rows = [
  ...within('norm1', 'in_layers.0', norm),
  ...within('conv1', 'in_layers.2', conv),
  ...within('projection', 'emb_layers.1', linear),
  ...within('norm2', 'out_layers.0', norm),
  ...within('conv2', 'out_layers.3', conv),
  ...within('skip', 'skip_connection', linearOf(matrixAsConv2d)),
];

const joint = (order: AttentionOrder, heads: Heads): Rows => [
  row('w', 'weight', jointWeight(order, heads, ' 1')),
  row('b', 'bias', jointBias(order, heads)),
];

const attention = (order: AttentionOrder, heads: Heads): Rows => [
  ...within('norm', 'norm', norm),
  ...within('qkv', 'qkv', joint(order, heads)),
  ...within('output', 'proj_out', linearOf(matrixAsConv1d)),
];

/** A module that changes the resolution: a residual block, or a convolution of this name. */
const resampling = (name: string): Rows => [...residual, ...within('', name, conv)];

const embedding: Rows = [
  ...within('time.hidden', 'time_embed.0', linear),
  ...within('time.output', 'time_embed.2', linear),
  row('label.table', 'label_emb.weight', table),
];

/** The encoder, whose modules are numbered consecutively after the first convolution. */
const encoder = ({ multipliers, blocks, heads }: NamedArchitecture, order: AttentionOrder): Rows => [
  ...within('input', 'input_blocks.0.0', conv),
  ...levelIndices(multipliers).flatMap((level) => {
    const first = 1 + level * (blocks + 1);
    const each = Array.from({ length: blocks }, (_, j) => [
      ...within(`levels.${level}.down.${j}.residual`, `input_blocks.${first + j}.0`, residual),
      ...within(`levels.${level}.down.${j}.attention`, `input_blocks.${first + j}.1`, attention(order, heads)),
    ]);
    return [
      ...each.flat(),
      ...within(`levels.${level}.downsample`, `input_blocks.${first + blocks}.0`, resampling('op')),
    ];
  }),
];

const middle = ({ heads }: NamedArchitecture, order: AttentionOrder): Rows => [
  ...within('middle.before', 'middle_block.0', residual),
  ...within('middle.attention', 'middle_block.1', attention(order, heads)),
  ...within('middle.after', 'middle_block.2', residual),
];

/**
 * The decoder. The module that doubles the resolution is the last one of the last block of a level, after any
 * attention.
 */
const decoder = (architecture: NamedArchitecture, order: AttentionOrder, has: (ours: string) => boolean): Rows => {
  const { multipliers, blocks, heads, upHeads = heads } = architecture;
  const deepest = multipliers.length - 1;
  return levelIndices(multipliers).flatMap((level) => {
    const first = (deepest - level) * (blocks + 1);
    const each = Array.from({ length: blocks + 1 }, (_, j) => [
      ...within(`levels.${level}.up.${j}.residual`, `output_blocks.${first + j}.0`, residual),
      ...within(`levels.${level}.up.${j}.attention`, `output_blocks.${first + j}.1`, attention(order, upHeads)),
    ]);
    const place = has(`levels.${level}.up.${blocks}.attention.`) ? 2 : 1;
    return [
      ...each.flat(),
      ...(level === 0
        ? []
        : within(`levels.${level - 1}.upsample`, `output_blocks.${first + blocks}.${place}`, resampling('conv'))),
    ];
  });
};

const unetOutput: Rows = [...within('norm', 'out.0', norm), ...within('output', 'out.2', conv)];

/** The heads of the classifiers, by their pools. */
const POOLS: Readonly<Record<NonNullable<NamedArchitecture['pool']>, (heads: Heads) => Rows>> = {
  adaptive: () => [...within('norm', 'out.0', norm), ...within('output', 'out.3', linearOf(matrixAsConv2d))],
  attention: (heads) => [
    ...within('norm', 'out.0', norm),
    row('pool.positions', 'out.2.positional_embedding', positions),
    ...within('pool.qkv', 'out.2.qkv_proj', joint('partFirst', heads)), // always in this order, independent of the flag
    ...within('pool.output', 'out.2.c_proj', linearOf(matrixAsConv1d)),
  ],
  spatial: () => [...within('hidden', 'out.0', linear), ...within('output', 'out.2', linear)],
  normalizedSpatial: () => [
    ...within('hidden', 'out.0', linear),
    ...within('hiddenNorm', 'out.1', norm),
    ...within('output', 'out.3', linear),
  ],
};

/**
 * The names and layouts of guided-diffusion, for its `UNetModel`, `SuperResModel` and `EncoderUNetModel`, and of
 * improved-diffusion. Returns a `ConfigError` for a model that is neither a U-Net nor a classifier, and for one with
 * parts that guided-diffusion lacks.
 *
 * The order of the outputs of the attention projections is an option of the names, not of the network. `guidedDiffusionConfig`
 * takes it from the flags of a model. For a preset, give it here:
 *
 * | published model      | preset             | names                                          |
 * | -------------------- | ------------------ | ---------------------------------------------- |
 * | `64x64_diffusion.pt` | `adm-64`           | `guidedDiffusion({ newAttentionOrder: true })` |
 * | all others           | `adm-…`, `iddpm-…` | `guidedDiffusion()`                            |
 * @example
 * const model = unwrap(unet({ image: [8, 8, 3], base: 8, multipliers: [1], blocks: 1 }))
 * const table = unwrap(guidedDiffusion()(model))
 * table.entries[0]!.theirs // → ['time_embed.0.weight']
 */
export const guidedDiffusion =
  <G = unknown>(options?: Exact<G, keyof GuidedDiffusionNames> & GuidedDiffusionNames): Naming =>
  (model) =>
    F.pipe(
      E.Do,
      E.bind('options', () => namesOptions.decode(options)),
      E.bind('architecture', () => architectureOf('guidedDiffusion', model)),
      E.flatMap(({ options: { newAttentionOrder }, architecture }) => {
        const order = newAttentionOrder ? 'partFirst' : 'headFirst';
        const { leaves } = model.params;
        const has = (start: string) => leaves.some(({ path }) => path.startsWith(start));
        const { pool, heads } = architecture;
        const rows = [
          ...embedding,
          ...encoder(architecture, order),
          ...middle(architecture, order),
          ...(pool === undefined ? [...decoder(architecture, order, has), ...unetOutput] : POOLS[pool](heads)),
        ];
        return tableOf('guidedDiffusion', leaves, rows);
      }),
    );
