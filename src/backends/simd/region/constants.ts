/** Constants as locals, set where a function begins: an instruction that uses one is short. */
import type { NumberType } from '../../../dsl/region.js';
import { f32, f32x4, i32, i32x4, set, v128 } from '../assembler.js';
import type { Local, Statement } from '../assembler.js';
import type { Constants, Vector } from './elementary.js';

export interface ConstantPool extends Constants {
  /** What has to come first, once all the constants are known. */
  readonly statements: () => readonly Statement[];
}

const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : `${value}`);

export const constantPool = (): ConstantPool => {
  const known = new Map<string, { readonly local: Local<'v128'>; readonly value: Vector }>();
  const kept = (name: string, value: () => Vector): Vector => {
    const entry = known.get(name) ?? { local: v128.local(name), value: value() };
    known.set(name, entry);
    return entry.local;
  };
  return {
    float: (value) => kept(`f${textOf(Math.fround(value))}`, () => f32x4.splat(f32.const(value))),
    int: (value) => kept(`c${value | 0}`, () => i32x4.splat(i32.const(value))),
    statements: () => [...known.values()].map(({ local, value }) => set(local, value)),
  };
};

/** A constant of a body; a bool is a mask. */
export const constantOf = (value: number, dtype: NumberType, { float, int }: Constants): Vector => {
  if (dtype === 'float32') return float(value);
  return int(dtype === 'bool' ? (value === 0 ? 0 : -1) : value);
};
