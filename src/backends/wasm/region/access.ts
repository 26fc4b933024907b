/** Vectors from memory and to memory, for any stride of the loop that they lie along. */
import { i32, v128 } from '../assembler/assembler.js';
import type { Expr, Lane } from '../assembler/assembler.js';
import { shuffling, type Statement, type Vector } from './code.js';

/** Four bytes an element. */
export const BYTES = 4;

/** Where the first lane in use lies, from a pointer, and how many elements from there each one lies. */
export interface Place {
  readonly pointer: Expr<'i32'>;
  readonly elements: number;
  readonly lanes: readonly number[];
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

/** Whether neighbouring lanes lie so many elements apart. */
const areApart = (lanes: readonly number[], stride: number): boolean =>
  lanes.every((offset, lane) => offset === lane * stride);

/** As many lanes as there are; the others are anything. */
export const loaded = (place: Place): Vector => {
  const { lanes } = place;
  if (areApart(lanes, 1)) {
    if (lanes.length === 4) return v128.load(...at(place, 0));
    if (lanes.length === 3) return v128.load32_lane(2, at(place, 2)[0], v128.load64_zero(...at(place, 0)), at(place, 2)[1]); // prettier-ignore
    if (lanes.length === 2) return v128.load64_zero(...at(place, 0));
  }
  if (lanes.length === 4 && areApart(lanes, -1)) return reversed(v128.load(...at(place, -3)));
  const splat = v128.load32_splat(...at(place, 0));
  return LANES.slice(1, lanes.length).reduce<Vector>((vector, lane) => {
    if (lanes[lane] === 0) return vector;
    const [address, offset] = at(place, lanes[lane]!);
    return v128.load32_lane(lane, address, vector, offset);
  }, splat);
};

/** Writes the lanes that are in use. `value` must be cheap to repeat. */
export const stored = (place: Place, value: Vector): readonly Statement[] => {
  const { lanes } = place;
  const [address, offset] = at(place, 0);
  const single = (lane: Lane): Statement => {
    const [own, further] = at(place, lanes[lane]!);
    return v128.store32_lane(lane, own, value, further);
  };
  if (areApart(lanes, 1)) {
    if (lanes.length === 4) return [v128.store(address, value, offset)];
    if (lanes.length === 3) return [v128.store64_lane(0, address, value, offset), single(2)];
    if (lanes.length === 2) return [v128.store64_lane(0, address, value, offset)];
  }
  if (lanes.length === 4 && areApart(lanes, -1)) {
    const [last, further] = at(place, -3);
    return [v128.store(last, reversed(value), further)];
  }
  return LANES.slice(0, lanes.length).map(single);
};
