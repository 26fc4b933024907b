import { showShape } from '../../errors.js';
import { isExtent } from '../../types/extent.js';
import { node } from '../../graph/node.js';
import { heldBy } from '../dtype.js';
import { wrongShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** Puts `low[i]` elements before axis i, `high[i]` after it, and `interior[i]` between neighbours. */
export const pad: Build['pad'] = (x, low, high, interior = low.map(() => 0), value = 0) => {
  const all = [...low, ...high, ...interior];
  if (all.length !== 3 * x.shape.length || !all.every(isExtent))
    wrongShape(
      'pad',
      x,
      `counts ≥ 0 for ${x.shape.length} axes`,
      `low ${showShape(low)}, high ${showShape(high)}, interior ${showShape(interior)}`,
      'use slice to crop',
    );
  if (all.every((p) => p === 0)) return x;
  const filling = heldBy('pad', x.dtype, Float64Array.of(value))[0]!;
  const shape = x.shape.map((d, i) => low[i]! + d + Math.max(0, d - 1) * interior[i]! + high[i]!);
  return node('pad', [x], { low, high, interior, value: filling }, shape, x.dtype);
};

const plusOne = (counts: readonly number[]): readonly number[] => counts.map((n) => n + 1);

export const padPrimitive: Primitive<'pad'> = {
  rebuild: ({ inputs: [x], attributes: { low, high, interior, value } }) => pad(x!, low, high, interior, value),
  derivative: ({ inputs: [x], attributes: { low, interior } }, g, { slice }) => [
    slice(g, low, x!.shape, plusOne(interior)),
  ],
  vmap: ({ attributes: { low, high, interior, value } }, [x]) =>
    pad(x!.node, [0, ...low], [0, ...high], [0, ...interior], value),
  ofNothing: ({ attributes: { value }, shape, dtype }, { full }) => full(value, shape, dtype),
  lowering: {
    class: 'region',
    written: ({ inputs: [x], attributes: { low, interior, value } }) => ({
      reduce: null,
      background: value,
      pieces: [{ operand: x!, start: low, steps: plusOne(interior) }],
    }),
  },
};
