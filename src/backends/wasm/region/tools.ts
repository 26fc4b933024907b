/**
 * Keeps constants in locals that are set at the beginning of a function, so that instructions that use them are short.
 */
import type { NumberType } from '../../../dsl/graph/region.js';
import { f32x4, i32, i32x4 } from '../assembler/assembler.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { type Locals, set, type Slot, type Statement, type Vector } from './code.js';

/** Constants in all four lanes, and the multiply-add of the machine. */
interface Constants {
  readonly float: (value: number) => Vector;
  readonly int: (value: number) => Vector;
  /** a·b + c, rounded once or twice. */
  readonly multiplyAdd: MultiplyAdd;
}

/** Constants and temporary locals, of type T, for vector code. */
export interface Tools<T extends Vector> extends Constants {
  /** A local for an intermediate value. Any code may overwrite it. */
  readonly temporary: (index: number) => T;
  readonly set: (local: T, value: Vector) => Statement;
}

export interface Toolbox extends Tools<Slot<'v128'>> {
  readonly locals: Locals;
  /** Statements that set the constants, for the beginning of the function. Call it after all code is generated. */
  readonly constants: () => readonly Statement[];
}

/**
 * Makes tools whose constants are kept in locals, because V8 materializes a constant at each use. `constants` gives the
 * statements that set them, once all code is generated.
 */
export const toolsIn = <T extends Vector>(
  local: () => T,
  set: Tools<T>['set'],
  multiplyAdd: MultiplyAdd,
): Tools<T> & Pick<Toolbox, 'constants'> => {
  const statements: Statement[] = [];
  const bits = new DataView(new ArrayBuffer(4));
  const floatBits = (value: number): number => {
    bits.setFloat32(0, value);
    return bits.getInt32(0);
  };
  const floats = new Map<number, T>();
  const ints = new Map<number, T>();
  const temporaries: T[] = [];
  const memo = (known: Map<number, T>, key: number, value: () => Vector): Vector => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const own = local();
    known.set(key, own);
    statements.push(set(own, value()));
    return own;
  };
  return {
    multiplyAdd,
    set,
    temporary: (index) => (temporaries[index] ??= local()),
    // a Map finds NaN, but does not distinguish -0 from 0
    float: (value) =>
      Object.is(value, -0)
        ? f32x4.const(-0)
        : memo(floats, Math.fround(value), () => i32x4.splat(i32.const(floatBits(value)))),
    int: (value) => memo(ints, value | 0, () => i32x4.splat(i32.const(value))),
    constants: () => statements,
  };
};

/** Tools for a function of a region, whose locals are numbered. */
export const toolbox = (locals: Locals, multiplyAdd: MultiplyAdd): Toolbox => ({
  locals,
  ...toolsIn(locals.v128, set, multiplyAdd),
});

/** A constant of a dtype; a bool becomes a mask. */
export const constantOf = (value: number, dtype: NumberType, { float, int }: Constants): Vector => {
  if (dtype === 'float32') return float(value);
  return int(dtype === 'bool' ? (value === 0 ? 0 : -1) : value);
};
