/** Computes the values of a body, each once and in the outermost loop possible. */
import { type NumberType, operandsOf } from '../../../dsl/graph/region.js';
import { f32x4, i32, i32x4 } from '../assembler/assembler.js';
import { loaded } from './access.js';
import { type Body, set, type Slot, type Statement, type Vector } from './code.js';
import type { Nest } from '../../shared/regions/nest.js';
import {
  type Choice,
  choices,
  elementOffset,
  lanesOf,
  locationOf,
  type Pointer,
  type Pointers,
  type LoopState,
} from './loopState.js';
import type { Schedule } from './schedule.js';
import { constantOf, type Toolbox } from './tools.js';
import { loadTransposed } from './transpose.js';
import { valuePlan } from './valuePlan.js';
import { type Arithmetic, fromMemory, valueOf } from './values.js';

/** Code under construction. */
export interface Scope {
  /** The keys of values in locals, which are valid in the current block. */
  readonly known: Set<number>;
  readonly out: Body[];
}

export interface Computation {
  /** Computes all values that become computable at the current depth. */
  readonly computeAtDepth: (state: LoopState, scope: Scope) => void;
  /** The value of an assignment, as an expression that is cheap to repeat. */
  readonly valueAt: (assignment: number, state: LoopState, choice: Choice, scope: Scope) => Vector;
  /** Current values of index assignments, which advance with the loops like pointers. */
  readonly indices: readonly Pointer[];
  /** Sets the indices to their initial values. */
  readonly initialIndices: readonly Statement[];
}

/** Base of the keys; larger than the number of parts of any level. */
const RADIX = 32;

export const computation = (
  nest: Nest,
  depends: readonly number[],
  schedule: Schedule,
  pointers: Pointers,
  tools: Toolbox,
): Computation => {
  const { body } = nest;
  const typeOf = (i: number): NumberType => body[i]!.dtype;
  const { varies, depthOf, used, inlined, transposeLevels } = valuePlan(nest, depends, schedule);

  const indices = new Map<number, Pointer>();
  const initialIndices: Statement[] = [];
  body.forEach((a, i) => {
    if (a.op !== 'index' || used[i] !== true) return;
    const slot = tools.locals.i32();
    indices.set(i, { slot, strides: a.strides, unit: 1 });
    initialIndices.push(set(slot, i32.const(a.offset)));
  });

  const slots = new Map<number, Slot<'v128'>>();
  /** Levels with more than one part. */
  const unrolledLevels = [...schedule.running, ...schedule.fixed].flatMap(({ blocks }, level) =>
    blocks.some(({ parts }) => parts.length > 1) ? [level] : [],
  );
  const keyOf = (i: number, choice: Choice): number => {
    let key = i;
    for (const level of unrolledLevels) key = key * RADIX + (varies[i]![level] === true ? choice[level]! : 0);
    return key;
  };
  const slotOf = (key: number): Slot<'v128'> => {
    const slot = slots.get(key) ?? tools.locals.v128();
    slots.set(key, slot);
    return slot;
  };

  const arithmetic = (i: number, a: Arithmetic, state: LoopState, choice: Choice, scope: Scope): Vector => {
    const operands = operandsOf(a);
    const values = operands.map((operand) => valueAt(operand, state, choice, scope));
    const { before, value } = valueOf(a, values, operands.map(typeOf), tools);
    scope.out.push(before);
    return value;
  };

  const expressionOf = (i: number, state: LoopState, choice: Choice, scope: Scope): Vector => {
    const a = body[i]!;
    switch (a.op) {
      case 'load':
        return fromMemory(loaded(locationOf(state, choice, pointers.loads[a.load]!)), a.dtype);
      case 'constant':
        return constantOf(a.value, a.dtype, tools);
      case 'index': {
        const { slot, strides } = indices.get(i)!;
        const first = elementOffset(state, choice, strides);
        const [, second = 0, third = 0, fourth = 0] = lanesOf(state, choice, strides);
        const lanes = i32x4.const(-first, -first - second, -first - third, -first - fourth);
        const whole = i32x4.sub(i32x4.splat(slot), lanes); // see `addInts`
        return a.dtype === 'float32' ? f32x4.convert_i32x4_s(whole) : whole;
      }
      default:
        return arithmetic(i, a, state, choice, scope);
    }
  };

  /** Sets the locals of four neighbours of a load by a transpose; false if there are no such neighbours. */
  const setTransposed = (i: number, load: number, state: LoopState, choice: Choice, scope: Scope): boolean => {
    const level = transposeLevels[load]!;
    if (level < 0) return false;
    const four = loadTransposed(state, choice, pointers.loads[load]!, level, (c) => slotOf(keyOf(i, c)), tools);
    if (four === null) return false;
    scope.out.push(...four.statements);
    for (const neighbour of four.choices) {
      const key = keyOf(i, neighbour);
      if (typeOf(i) === 'bool') scope.out.push(set(slotOf(key), fromMemory(slotOf(key), 'bool')));
      scope.known.add(key);
    }
    return true;
  };

  const valueAt: Computation['valueAt'] = (i, state, choice, scope) => {
    const a = body[i]!;
    if (a.op === 'constant' || inlined[i] === true) return expressionOf(i, state, choice, scope);
    const key = keyOf(i, choice);
    const slot = slotOf(key);
    if (scope.known.has(key)) return slot;
    if (a.op === 'load' && setTransposed(i, a.load, state, choice, scope)) return slot;
    const value = expressionOf(i, state, choice, scope);
    scope.out.push(set(slot, value));
    scope.known.add(key);
    return slot;
  };

  return {
    valueAt,
    computeAtDepth: (state, scope) =>
      body.forEach((a, i) => {
        if (depthOf[i] !== state.depth || a.op === 'constant' || inlined[i] === true || used[i] !== true) return;
        for (const choice of choices(state, varies[i]!)) valueAt(i, state, choice, scope);
      }),
    indices: [...indices.values()],
    initialIndices,
  };
};
