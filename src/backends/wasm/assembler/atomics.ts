/** Instructions for memory that threads share. All addresses are multiples of 4. */
import { asI32 } from './instructions.js';
import type { Expr, Operand, Statement } from './expression.js';

/** Alignment 4, then the offset in bytes. */
const place = (offset: number): readonly number[] => [0x02, offset];

const DROP = 0x1a;

/** A 64-bit constant: no timeout. */
const FOREVER = [0x42, 0x7f];

/** Offsets must be less than 128. */
export const atomic = {
  load: (address: Operand<'i32'>, offset = 0): Expr<'i32'> => ({
    type: 'i32',
    code: { kind: 'op', bytes: [0xfe, 0x10, ...place(offset)], operands: [asI32(address)] },
  }),
  store: (address: Operand<'i32'>, value: Operand<'i32'>, offset = 0): Statement => ({
    type: 'void',
    code: { kind: 'op', bytes: [0xfe, 0x17, ...place(offset)], operands: [asI32(address), asI32(value)] },
  }),
  /** Adds, and returns the value before. */
  add: (address: Operand<'i32'>, amount: Operand<'i32'>, offset = 0): Expr<'i32'> => ({
    type: 'i32',
    code: { kind: 'op', bytes: [0xfe, 0x1e, ...place(offset)], operands: [asI32(address), asI32(amount)] },
  }),
  /** Wakes all threads that wait at an address. */
  notifyAll: (address: Operand<'i32'>, offset = 0): Statement => ({
    type: 'void',
    code: { kind: 'op', bytes: [0xfe, 0x00, ...place(offset), DROP], operands: [asI32(address), asI32(-1)] },
  }),
  /** Sleeps while the value at an address is `expected`, until a notification. */
  wait: (address: Operand<'i32'>, expected: Operand<'i32'>, offset = 0): Statement => ({
    type: 'void',
    code: {
      kind: 'op',
      bytes: [...FOREVER, 0xfe, 0x01, ...place(offset), DROP],
      operands: [asI32(address), asI32(expected)],
    },
  }),
} as const;
