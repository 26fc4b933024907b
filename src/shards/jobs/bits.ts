/** The values that decide the bits of a result: workers with equal values give equal bits on every machine. */
import type { Backend, Rounding } from '../../dsl/plan/backend.js';
import { t } from '../../internal/fp.js';
import { type OptionsOf, record } from '../../internal/schema.js';
import { VERSION } from '../../internal/version.js';

export const bits = record({
  /** The version of noisefold. */
  noisefold: t.string,
  /** The name of the backend. */
  backend: t.string,
  /** The rounding of its sums of products: 'fused', 'separate', or null. */
  rounding: t.union([t.literal('fused'), t.literal('separate'), t.null]),
  /** The JavaScript engine, whose functions the host uses: 'v8' or 'other'. */
  engine: t.string,
});

/** The values that decide the bits of a result, besides the job. Workers with other values are refused. */
export interface Bits extends OptionsOf<typeof bits> {
  readonly rounding: Rounding | null;
}

/** The values for a backend in this process. */
export const bitsOf = ({ name, rounding }: Pick<Backend, 'name' | 'rounding'>): Bits => ({
  noisefold: VERSION,
  backend: name,
  rounding,
  engine: process.versions['v8'] === undefined ? 'other' : 'v8',
});

/** `noisefold 0.1.0, wasm, fused sums, v8` */
export const showBits = ({ noisefold, backend, rounding, engine }: Bits): string =>
  `noisefold ${noisefold}, ${backend}, ${rounding ?? 'unknown'} sums, ${engine}`;

export const equalBits = (a: Bits, b: Bits): boolean => showBits(a) === showBits(b);
