/** Layouts of the joint projection to queries, keys and values. Our order is `(part, head, channel)`. */
import type { Layout } from './layout.js';
import type { Heads } from '../../nn/layers/heads.js';

/** The orders of the outputs of a joint projection in published code. */
export const ORDERS = {
  /** guided-diffusion's `QKVAttention`: all queries, all keys, all values. */
  partFirst: 'part head c',
  /** guided-diffusion's `QKVAttentionLegacy`, and improved-diffusion: for each head its three parts. */
  headFirst: 'head part c',
  /** EDM: for each channel its three parts. */
  partLast: 'head c part',
} as const;

export type AttentionOrder = keyof typeof ORDERS;

const sizesOf = (heads: Heads): Readonly<Record<string, number>> => ({
  part: 3,
  ...(typeof heads === 'number' ? { head: heads } : { c: heads.channels }),
});

/** The layout of the weight of a joint projection; `tail` is the extents of 1 of a convolution kernel. */
export const jointWeight = (order: AttentionOrder, heads: Heads, tail: '' | ' 1' | ' 1 1'): Layout => ({
  ours: `i (${ORDERS.partFirst})`,
  theirs: `(${ORDERS[order]}) i${tail}`,
  sizes: sizesOf(heads),
});

/** The layout of its bias. */
export const jointBias = (order: AttentionOrder, heads: Heads): Layout => ({
  ours: `(${ORDERS.partFirst})`,
  theirs: `(${ORDERS[order]})`,
  sizes: sizesOf(heads),
});

/** The layouts of three separate projections, stacked: queries, keys, values. */
export const separateWeights: Layout = { ours: 'i (part o)', theirs: 'part o i', sizes: { part: 3 } };
export const separateBiases: Layout = { ours: '(part o)', theirs: 'part o', sizes: { part: 3 } };
