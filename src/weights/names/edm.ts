/** Names of EDM (Karras et al. 2022): its `SongUNet` (DDPM++, NCSN++) and `DhariwalUNet` (ADM). */
import { E, F } from '../../internal/fp.js';
import { sumOf } from '../../internal/numbers.js';
import { architectureOf, levelIndices, type NamedArchitecture } from './architecture.js';
import { jointBias, jointWeight } from './attentionLayout.js';
import { matrix, matrixAsConv2d, vector, type Weight } from './layout.js';
import { conv, linear, linearOf, norm, row, type Rows, within } from './rows.js';
import { type Naming, type ParameterLeaf, tableOf } from './table.js';
import type { Heads } from '../../nn/layers/heads.js';
import { FILTER_TAPS } from '../../nn/networks/resampling.js';

const residual: Rows = [
  ...within('norm1', 'norm0', norm),
  ...within('conv1', 'conv0', conv),
  ...within('projection', 'affine', linear),
  ...within('norm2', 'norm1', norm),
  ...within('conv2', 'conv1', conv),
  ...within('skip', 'skip', linearOf(matrixAsConv2d)),
];

const attention = (heads: Heads): Rows => [
  ...within('norm', 'norm2', norm),
  row('qkv.w', 'qkv.weight', jointWeight('partLast', heads, ' 1 1')),
  row('qkv.b', 'qkv.bias', jointBias('partLast', heads)),
  ...within('output', 'proj', linearOf(matrixAsConv2d)),
];

/** A block. In EDM, attention is part of it. */
const block = (ours: string, theirs: string, heads: Heads): Rows => [
  ...within(`${ours}.residual`, theirs, residual),
  ...within(`${ours}.attention`, theirs, attention(heads)),
];

const embedding: Rows = [
  row('time.frequencies', 'map_noise.freqs', vector),
  ...within('time.hidden', 'map_layer0', linear),
  ...within('time.output', 'map_layer1', linear),
  row('label.table', 'map_label.weight', matrix), // the inputs are the classes
  row('label.b', 'map_label.bias', vector),
  row('augment.w', 'map_augment.weight', matrix),
];

/** Modules carry their resolution in their names. */
const at = ({ image }: NamedArchitecture, level: number): string => {
  const resolution = Math.floor(image[0]! / 2 ** level);
  return `${resolution}x${resolution}`;
};

const levelRows = (architecture: NamedArchitecture): Rows => {
  const { multipliers, blocks, heads, upHeads = heads } = architecture;
  return levelIndices(multipliers).flatMap((level) => {
    const [here, below] = [at(architecture, level), at(architecture, level + 1)];
    const blocksOf = (way: 'down' | 'up', theirs: string, count: number, of: Heads): Rows =>
      Array.from({ length: count }, (_, j) => block(`levels.${level}.${way}.${j}`, `${theirs}${j}`, of)).flat();
    return [
      ...blocksOf('down', `enc.${here}_block`, blocks, heads),
      ...blocksOf('up', `dec.${here}_block`, blocks + 1, upHeads),
      ...within(`levels.${level}.downsample`, `enc.${below}_down`, residual),
      ...within(`levels.${level}.upsample`, `dec.${here}_up`, residual),
      ...within(`levels.${level}.shortcut`, `enc.${here}_aux_residual`, conv),
    ];
  });
};

const middle = (architecture: NamedArchitecture): Rows => {
  const { multipliers, heads } = architecture;
  const deepest = at(architecture, multipliers.length - 1);
  return [
    ...within('middle.before', `dec.${deepest}_in0`, residual),
    ...within('middle.attention', `dec.${deepest}_in0`, attention(heads)),
    ...within('middle.after', `dec.${deepest}_in1`, residual),
  ];
};

/** The last norm and convolution. `SongUNet` keeps them among the modules of full resolution. */
const output = (architecture: NamedArchitecture): Rows => {
  const [normName, convName] = architecture.adaptiveGroupNorm
    ? ['out_norm', 'out_conv']
    : [`dec.${at(architecture, 0)}_aux_norm`, `dec.${at(architecture, 0)}_aux_conv`];
  return [...within('norm', normName, norm), ...within('output', convName, conv)];
};

/**
 * The filter of the convolutions that change the resolution, `[1, 1, n, n]`: the outer product of its taps, normalized
 * to sum 1.
 */
const filterOf = ({ filter = 'box' }: NamedArchitecture): Weight => {
  const taps = FILTER_TAPS[filter];
  const sum = sumOf(taps);
  const data = Float32Array.from(taps.flatMap((a) => taps.map((b) => (a * b) / sum ** 2)));
  return { shape: [1, 1, taps.length, taps.length], data };
};

/** The filters that a state dict holds beside the parameters. */
const filtersOf = (architecture: NamedArchitecture, leaves: readonly ParameterLeaf[]): ReadonlyMap<string, Weight> => {
  const filter = filterOf(architecture);
  const names = levelIndices(architecture.multipliers)
    .slice(1)
    .flatMap((level) => {
      const [here, above] = [at(architecture, level), at(architecture, level - 1)];
      const has = leaves.some(({ path }) => path.startsWith(`levels.${level}.shortcut.`));
      return [
        ...[`enc.${here}_down`, `dec.${above}_up`].flatMap((module) => [`${module}.conv0`, `${module}.skip`]),
        ...(has ? [`enc.${here}_aux_residual`] : []),
      ];
    });
  return new Map(names.map((name) => [`${name}.resample_filter`, filter]));
};

/**
 * The names and layouts of EDM's networks. Its wrappers, such as `EDMPrecond`, put `model.` before the names: pass it
 * as `prefix`. A network with adaptive group norm is a `DhariwalUNet`, one without a `SongUNet`. Returns a
 * `ConfigError` for a model that is not a U-Net, and for one with parts that EDM lacks.
 * @example
 * const config = { image: [8, 8, 3], base: 8, multipliers: [1], blocks: 1, adaptiveGroupNorm: true } as const
 * const table = unwrap(edmNames(unwrap(unet(config))))
 * table.entries[0]!.theirs // → ['map_layer0.weight']
 */
export const edmNames: Naming = (model) =>
  F.pipe(
    architectureOf('edmNames', model),
    E.flatMap((architecture) => {
      const { leaves } = model.params;
      const rows = [
        ...embedding,
        ...within('input', `enc.${at(architecture, 0)}_conv`, conv),
        ...levelRows(architecture),
        ...middle(architecture),
        ...output(architecture),
      ];
      return tableOf('edmNames', leaves, rows, filtersOf(architecture, leaves));
    }),
  );
