/** The values of a body, each computed once, as far outside as it can be. */
import type { NumberType } from '../../../dsl/region.js';
import { f32x4, i32, i32x4 } from '../assembler/assembler.js';
import { loaded } from './access.js';
import { set, type Slot, type Statement, type Vector } from './code.js';
import { type Nest, operandsOf } from '../../shared/regions/nest.js';
import {
  type Choice,
  choices,
  distance,
  lanesOf,
  placeOf,
  type Pointer,
  type Pointers,
  type Standing,
  vectorPart,
} from './places.js';
import { loopBits, type Schedule } from './schedule.js';
import { constantOf, type Toolbox } from './tools.js';
import { levelAcross, transposed } from './transpose.js';
import { type Arithmetic, calling, elementaryOf, fromMemory, type HostFunction, hostFunctionOf, toMemory, valueOf } from './values.js'; // prettier-ignore

/** Code as it is written: what is known in locals by now, in order, and where more code goes. */
export interface Scope {
  readonly known: Set<number>;
  readonly out: Statement[];
}

export interface Computation {
  /** Everything that is known at the depth where a walk stands, and not before. */
  readonly here: (standing: Standing, scope: Scope) => void;
  /** The value of an assignment: an expression that is cheap to repeat. */
  readonly valueAt: (assignment: number, standing: Standing, choice: Choice, scope: Scope) => Vector;
  /** What moves with the loops, besides memory: the running values of indices. */
  readonly indices: readonly Pointer[];
  /** Sets the indices to what they begin with. */
  readonly begin: readonly Statement[];
}

/** The number by which an imported function is called. */
export type Imports = (f: HostFunction) => number;

/** More than the parts of any level. */
const RADIX = 32;

export const computation = (
  nest: Nest,
  depends: readonly number[],
  schedule: Schedule,
  pointers: Pointers,
  tools: Toolbox,
  imports: Imports,
): Computation => {
  const { body, stores } = nest;
  const levels = [...schedule.running, ...schedule.fixed];
  const typeOf = (i: number): NumberType => body[i]!.dtype;
  /** By assignment and level: whether the value differs from one part to another. */
  const varies = body.map((_, i) => levels.map((level) => (depends[i]! & loopBits(level)) !== 0));
  /** How many levels must have been entered for a value to be known. */
  const depthOf = varies.map((along) => 1 + along.slice(0, schedule.running.length).lastIndexOf(true));
  const across = nest.loads.map((strides) => levelAcross(schedule, strides));

  const users = body.map(() => 0);
  const user = body.map(() => -1);
  const isStored = body.map(() => false);
  for (const { value } of stores) isStored[value] = true;
  for (let i = body.length - 1; i >= 0; i--) {
    if (!isStored[i] && users[i] === 0) continue;
    for (const operand of operandsOf(body[i]!)) {
      users[operand]! += 1;
      user[operand] = i;
    }
  }
  const used = (i: number): boolean => isStored[i] === true || users[i]! > 0;
  const hosts = body.map((a) =>
    a.op === 'unary' || a.op === 'binary' ? hostFunctionOf(a, typeOf(a.a)) : null,
  );
  /** Whether it takes several steps, which want operands that are cheap to repeat. */
  const takesSteps = body.map(
    (a, i) => hosts[i] !== null || (a.op === 'unary' && elementaryOf(a, typeOf(a.a)) !== null),
  );
  /** Values that are written in the expression of their only user. */
  const inlined = body.map((a, i) => {
    const only = user[i]!;
    if (users[i] !== 1 || isStored[i] === true || takesSteps[i] === true || takesSteps[only] === true)
      return false;
    if (a.op === 'load' && across[a.load]! >= 0) return false;
    return depthOf[only] === depthOf[i] && varies[i]!.every((along, level) => along === varies[only]![level]);
  });

  const indices = new Map<number, Pointer>();
  const begin: Statement[] = [];
  body.forEach((a, i) => {
    if (a.op !== 'index' || !used(i)) return;
    const slot = tools.locals.i32();
    indices.set(i, { slot, strides: a.strides, unit: 1 });
    begin.push(set(slot, i32.const(a.offset)));
  });

  const slots = new Map<number, Slot<'v128'>>();
  /** The levels of several parts. */
  const several = levels.flatMap(({ blocks }, level) =>
    blocks.some(({ parts }) => parts.length > 1) ? [level] : [],
  );
  const keyOf = (i: number, choice: Choice): number => {
    let key = i;
    for (const level of several) key = key * RADIX + (varies[i]![level] === true ? choice[level]! : 0);
    return key;
  };
  const slotOf = (key: number): Slot<'v128'> => {
    const slot = slots.get(key) ?? tools.locals.v128();
    slots.set(key, slot);
    return slot;
  };

  const arithmetic = (i: number, a: Arithmetic, standing: Standing, choice: Choice, scope: Scope): Vector => {
    const operands = operandsOf(a);
    const types = operands.map(typeOf);
    const values = operands.map((operand) => valueAt(operand, standing, choice, scope));
    const host = hosts[i];
    if (host === null || host === undefined) {
      const { before, value } = valueOf(a, values, types, tools);
      scope.out.push(...before);
      return value;
    }
    const numbers = values.map((x, at) => toMemory(x, types[at]!, tools));
    const isUniform = varies[i]![standing.vectorLevel] !== true;
    return calling(imports(host), host.type, numbers, isUniform ? 1 : vectorPart(standing, choice).lanes);
  };

  const expressionOf = (i: number, standing: Standing, choice: Choice, scope: Scope): Vector => {
    const a = body[i]!;
    switch (a.op) {
      case 'load':
        return fromMemory(loaded(placeOf(standing, choice, pointers.loads[a.load]!)), a.dtype);
      case 'constant':
        return constantOf(a.value, a.dtype, tools);
      case 'index': {
        const { slot, strides } = indices.get(i)!;
        const first = distance(standing, choice, strides);
        const [, second = 0, third = 0, fourth = 0] = lanesOf(standing, choice, strides);
        const lanes = i32x4.const(first, first + second, first + third, first + fourth);
        const whole = i32x4.add(i32x4.splat(slot), lanes);
        return a.dtype === 'float32' ? f32x4.convert_i32x4_s(whole) : whole;
      }
      default:
        return arithmetic(i, a, standing, choice, scope);
    }
  };

  /** Sets the locals of four neighbours of a load at once; false where there are no such neighbours. */
  const setAcross = (i: number, load: number, standing: Standing, choice: Choice, scope: Scope): boolean => {
    const level = across[load]!;
    if (level < 0) return false;
    const four = transposed(
      standing,
      choice,
      pointers.loads[load]!,
      level,
      (c) => slotOf(keyOf(i, c)),
      tools,
    );
    if (four === null) return false;
    scope.out.push(...four.statements);
    for (const neighbour of four.choices) {
      const key = keyOf(i, neighbour);
      if (typeOf(i) === 'bool') scope.out.push(set(slotOf(key), fromMemory(slotOf(key), 'bool')));
      scope.known.add(key);
    }
    return true;
  };

  const valueAt: Computation['valueAt'] = (i, standing, choice, scope) => {
    const a = body[i]!;
    if (a.op === 'constant' || inlined[i] === true) return expressionOf(i, standing, choice, scope);
    const key = keyOf(i, choice);
    const slot = slotOf(key);
    if (scope.known.has(key)) return slot;
    if (a.op === 'load' && setAcross(i, a.load, standing, choice, scope)) return slot;
    const value = expressionOf(i, standing, choice, scope);
    scope.out.push(set(slot, value));
    scope.known.add(key);
    return slot;
  };

  return {
    valueAt,
    here: (standing, scope) =>
      body.forEach((a, i) => {
        if (depthOf[i] !== standing.depth || a.op === 'constant' || inlined[i] === true || !used(i)) return;
        for (const choice of choices(standing, varies[i]!)) valueAt(i, standing, choice, scope);
      }),
    indices: [...indices.values()],
    begin,
  };
};
