/** The trees of parameters of configurations, written out for tests: shapes by path. */
type Shapes = readonly (readonly [path: string, shape: readonly number[]])[];

export interface Sketch {
  readonly image: readonly [number, number, number];
  readonly base: number;
  readonly multipliers: readonly number[];
  readonly blocks: number;
  readonly attention: readonly number[];
  readonly heads: number | { readonly channels: number };
  readonly resample?: 'convolution' | 'pool' | 'residual' | 'projected';
  readonly adaptiveGroupNorm?: boolean;
  readonly middle?: 'attention' | 'unnormalized' | 'residual';
  readonly outputs?: number;
  readonly classes?: number;
  readonly pool?: 'adaptive' | 'attention' | 'spatial' | 'normalizedSpatial';
}

const under = (prefix: string, shapes: Shapes): Shapes => shapes.map(([path, shape]) => [`${prefix}.${path}`, shape]);
const norm = (c: number): Shapes => [
  ['gamma', [c]],
  ['beta', [c]],
];
const conv = (i: number, o: number): Shapes => [
  ['kernel', [3, 3, i, o]],
  ['bias', [o]],
];
const linear = (i: number, o: number): Shapes => [
  ['w', [i, o]],
  ['b', [o]],
];

export const treeOf = (c: Sketch): Shapes => {
  const E = 4 * c.base;
  const residual = (i: number, o: number, projected = i !== o): Shapes => [
    ...under('norm1', norm(i)),
    ...under('conv1', conv(i, o)),
    ...under('projection', linear(E, c.adaptiveGroupNorm ? 2 * o : o)),
    ...under('norm2', norm(o)),
    ...under('conv2', conv(o, o)),
    ...(projected ? under('skip', linear(i, o)) : []),
  ];
  const attention = (channels: number, normalized = true): Shapes => [
    ...(normalized ? under('norm', norm(channels)) : []),
    ...under('qkv', linear(channels, 3 * channels)),
    ...under('output', linear(channels, channels)),
  ];
  const block = (i: number, o: number, attends: boolean): Shapes => [
    ...under('residual', residual(i, o)),
    ...(attends ? under('attention', attention(o)) : []),
  ];
  const resampling = (channels: number): Shapes => {
    if (c.resample === 'pool') return [];
    if (c.resample === 'residual' || c.resample === 'projected')
      return residual(channels, channels, c.resample === 'projected');
    return conv(channels, channels);
  };
  const levels = c.multipliers.map((multiplier, l) => ({
    channels: c.base * multiplier,
    attends: c.attention.includes(c.image[0] / 2 ** l),
  }));
  const first = levels[0]!.channels;
  const last = levels.at(-1)!.channels;
  const trees = levels.map(({ channels, attends }, l) => {
    const below = levels[l + 1]?.channels;
    const skips = [levels[l - 1]?.channels ?? first, ...Array.from({ length: c.blocks }, () => channels)];
    const down = skips.slice(0, -1).map((i, j) => under(`down.${j}`, block(i, channels, attends)));
    const up = [...skips]
      .reverse()
      .map((skip, j) => under(`up.${j}`, block(skip + (j === 0 ? (below ?? channels) : channels), channels, attends)));
    return [
      ...down.flat(),
      ...(below === undefined ? [] : under('downsample', resampling(channels))),
      ...(c.pool === undefined
        ? [...(below === undefined ? [] : under('upsample', resampling(below))), ...up.flat()]
        : []),
    ];
  });
  const side = c.image[0] / 2 ** (levels.length - 1);
  const spatial = trees.length; // a test does not need the true number of features
  const heads: Readonly<Record<string, Shapes>> = {
    adaptive: [...under('norm', norm(last)), ...under('output', linear(last, c.classes ?? 1))],
    attention: [
      ...under('norm', norm(last)),
      ['pool.positions', [side * side + 1, last]],
      ...under('pool.qkv', linear(last, 3 * last)),
      ...under('pool.output', linear(last, c.classes ?? 1)),
    ],
    spatial: [...under('hidden', linear(spatial, 2048)), ...under('output', linear(2048, c.classes ?? 1))],
    normalizedSpatial: [
      ...under('hidden', linear(spatial, 2048)),
      ...under('hiddenNorm', norm(2048)),
      ...under('output', linear(2048, c.classes ?? 1)),
    ],
  };
  return [
    ...under('time.hidden', linear(c.base, E)),
    ...under('time.output', linear(E, E)),
    ...(c.classes !== undefined && c.pool === undefined ? ([['label.table', [c.classes, E]]] as Shapes) : []),
    ...under('input', conv(c.image[2], first)),
    ...trees.flatMap((tree, l) => under(`levels.${l}`, tree)),
    ...under('middle.before', residual(last, last)),
    ...(c.middle === 'residual' ? [] : under('middle.attention', attention(last, c.middle !== 'unnormalized'))),
    ...under('middle.after', residual(last, last)),
    ...(c.pool === undefined
      ? [...under('norm', norm(first)), ...under('output', conv(first, c.outputs ?? c.image[2]))]
      : heads[c.pool]!),
  ];
};

/** A model as naming sees it. */
export const modelOf = (config: Sketch) => ({
  config,
  params: { leaves: treeOf(config).map(([path, shape]) => ({ path, shape })) },
});
