/** Vectors from memory and to memory, for any stride of the loop that they lie along. */
import { i32, v128 } from '../assembler.js';
import type { Expr, Lane } from '../assembler.js';
import { shuffling, type Statement, type Vector } from './code.js';

/** Four bytes an element. */
export const BYTES = 4;

/** Where the first of some lanes lies, from a pointer, and how many elements on the next one lies. */
export interface Place {
  readonly pointer: Expr<'i32'>;
  readonly elements: number;
  readonly stride: number;
  readonly lanes: number;
}

/** An address, and the constant offset that the instruction adds to it: never a negative one. */
const at = (
  { pointer, elements }: Place,
  further: number,
): readonly [Expr<'i32'>, { offset: number; align: 4 }] => {
  const offset = BYTES * (elements + further);
  return offset < 0 ? [i32.add(pointer, offset), { offset: 0, align: 4 }] : [pointer, { offset, align: 4 }];
};

const LANES: readonly Lane[] = [0, 1, 2, 3];
const backwards = shuffling([3, 2, 1, 0]);
const reversed = (vector: Vector): Vector => backwards(vector, vector);

/** As many lanes as there are; the others are anything. */
export const loaded = (place: Place): Vector => {
  const { stride, lanes } = place;
  if (stride === 0) return v128.load32_splat(...at(place, 0));
  if (stride === 1 && lanes === 4) return v128.load(...at(place, 0));
  if (stride === -1 && lanes === 4) return reversed(v128.load(...at(place, -3)));
  if (stride === 1 && lanes === 3) return v128.load32_lane(2, at(place, 2)[0], v128.load64_zero(...at(place, 0)), at(place, 2)[1]); // prettier-ignore
  if (stride === 1 && lanes === 2) return v128.load64_zero(...at(place, 0));
  return LANES.slice(1, lanes).reduce<Vector>(
    (vector, lane) => {
      const [address, offset] = at(place, lane * stride);
      return v128.load32_lane(lane, address, vector, offset);
    },
    v128.load32_zero(...at(place, 0)),
  );
};

/** Writes the lanes that are in use. `value` must be cheap to repeat. */
export const stored = (place: Place, value: Vector): readonly Statement[] => {
  const { stride, lanes } = place;
  const lane = (which: Lane, further: number): Statement => {
    const [address, offset] = at(place, further);
    return v128.store32_lane(which, address, value, offset);
  };
  if (stride === 1 && lanes === 4) {
    const [address, offset] = at(place, 0);
    return [v128.store(address, value, offset)];
  }
  if (stride === -1 && lanes === 4) {
    const [address, offset] = at(place, -3);
    return [v128.store(address, reversed(value), offset)];
  }
  if (stride === 1 && (lanes === 2 || lanes === 3)) {
    const [address, offset] = at(place, 0);
    const pair = v128.store64_lane(0, address, value, offset);
    return lanes === 2 ? [pair] : [pair, lane(2, 2)];
  }
  return LANES.slice(0, lanes).map((which) => lane(which, which * stride));
};
