/** Loads and stores of vectors, for any stride of the vector loop. */
import { type Expr, i32, type Lane, v128 } from '../assembler/assembler.js';
import { laneShuffle, type Statement, type Vector } from './code.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/**
 * Location of a vector in memory: the offset of its first lane from a pointer, and the offset of each lane in use from
 * the first; in elements.
 */
export interface VectorLocation {
  readonly pointer: Expr<'i32'>;
  readonly elements: number;
  readonly lanes: readonly number[];
}

/**
 * Address and immediates of an element. The immediate offset cannot be negative, so a negative one is added to the
 * address.
 */
const at = (
  { pointer, elements }: VectorLocation,
  further: number,
): readonly [Expr<'i32'>, { offset: number; align: 4 }] => {
  const offset = WORD_BYTES * (elements + further);
  return offset < 0 ? [i32.add(pointer, offset), { offset: 0, align: 4 }] : [pointer, { offset, align: 4 }];
};

const LANES: readonly Lane[] = [0, 1, 2, 3];
const backwards = laneShuffle([3, 2, 1, 0]);
const reversed = (vector: Vector): Vector => backwards(vector, vector);

/** Tests if neighbouring lanes lie `stride` elements apart. */
const areApart = (lanes: readonly number[], stride: number): boolean =>
  lanes.every((offset, lane) => offset === lane * stride);

/** Loads the lanes in use. The other lanes are undefined. */
export const loaded = (location: VectorLocation): Vector => {
  const { lanes } = location;
  if (areApart(lanes, 1)) {
    if (lanes.length === 4) return v128.load(...at(location, 0));
    if (lanes.length === 3) return v128.load32_lane(2, at(location, 2)[0], v128.load64_zero(...at(location, 0)), at(location, 2)[1]); // oxfmt-ignore
    if (lanes.length === 2) return v128.load64_zero(...at(location, 0));
  }
  if (lanes.length === 4 && areApart(lanes, -1)) return reversed(v128.load(...at(location, -3)));
  const splat = v128.load32_splat(...at(location, 0));
  return LANES.slice(1, lanes.length).reduce<Vector>((vector, lane) => {
    if (lanes[lane] === 0) return vector;
    const [address, offset] = at(location, lanes[lane]!);
    return v128.load32_lane(lane, address, vector, offset);
  }, splat);
};

/**
 * Stores four neighbours, of which the first lies `further` elements after the first lane. The offsets of two such stores
 * never differ by 16 bytes, so V8 does not pair them (see `emit.ts`): each is at most 12 more than a multiple of 32.
 */
const storeWhole = ({ pointer, elements, lanes }: VectorLocation, further: number, value: Vector): Statement => {
  const first = elements + further;
  const half = first & 4; // 4 in the second half of eight elements
  const start = half === 0 ? pointer : i32.add(pointer, WORD_BYTES * half);
  const [address, offset] = at({ pointer: start, elements: first - half, lanes }, 0);
  return v128.store(address, value, offset);
};

/** Stores the lanes in use. `value` must be cheap to repeat. */
export const storeLanes = (location: VectorLocation, value: Vector): readonly Statement[] => {
  const { lanes } = location;
  const [address, offset] = at(location, 0);
  const single = (lane: Lane): Statement => {
    const [own, further] = at(location, lanes[lane]!);
    return v128.store32_lane(lane, own, value, further);
  };
  if (areApart(lanes, 1)) {
    if (lanes.length === 4) return [storeWhole(location, 0, value)];
    if (lanes.length === 3) return [v128.store64_lane(0, address, value, offset), single(2)];
    if (lanes.length === 2) return [v128.store64_lane(0, address, value, offset)];
  }
  if (lanes.length === 4 && areApart(lanes, -1)) return [storeWhole(location, -3, reversed(value))];
  return LANES.slice(0, lanes.length).map(single);
};
