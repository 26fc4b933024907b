/**
 * Keeps constants in locals that are set at the beginning of a function, so that instructions that use them are short.
 */
import type { NumberType } from '../../../dsl/graph/region.js';
import { f32x4, i32, i32x4 } from '../assembler/assembler.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { type Locals, set, type Slot, type Statement, type Vector } from './code.js';
import type { Constants, Tools } from './elementary.js';

export interface Toolbox extends Tools<Slot<'v128'>> {
  readonly locals: Locals;
  /** Statements that set the constants, for the beginning of the function. Call it after all code is generated. */
  readonly constants: () => readonly Statement[];
}

export const toolbox = (locals: Locals, multiplyAdd: MultiplyAdd): Toolbox => {
  const statements: Statement[] = [];
  const bits = new DataView(new ArrayBuffer(4));
  const floatBits = (value: number): number => {
    bits.setFloat32(0, value);
    return bits.getInt32(0);
  };
  const floats = new Map<number, Slot<'v128'>>();
  const ints = new Map<number, Slot<'v128'>>();
  const kept = (known: Map<number, Slot<'v128'>>, key: number, value: () => Vector): Vector => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const slot = locals.v128();
    known.set(key, slot);
    statements.push(set(slot, value()));
    return slot;
  };
  const temporary = () => locals.v128();
  return {
    locals,
    multiplyAdd,
    set,
    temporaries: [
      temporary(), temporary(), temporary(), temporary(), temporary(), temporary(), temporary(), temporary(),
    ], // prettier-ignore
    // a Map finds NaN, but treats -0 as 0
    float: (value) =>
      Object.is(value, -0)
        ? f32x4.const(-0)
        : kept(floats, Math.fround(value), () => i32x4.splat(i32.const(floatBits(value)))),
    int: (value) => kept(ints, value | 0, () => i32x4.splat(i32.const(value))),
    constants: () => statements,
  };
};

/** A constant of a dtype; a bool becomes a mask. */
export const constantOf = (value: number, dtype: NumberType, { float, int }: Constants): Vector => {
  if (dtype === 'float32') return float(value);
  return int(dtype === 'bool' ? (value === 0 ? 0 : -1) : value);
};
