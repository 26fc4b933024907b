/** The values of a body, each computed once, as far outside as it can be. */
import type { NumberType } from '../../../dsl/region.js';
import { f32x4, i32x4, set, v128 } from '../assembler.js';
import type { Statement } from '../assembler.js';
import { loaded } from './access.js';
import { constantOf } from './constants.js';
import { dependences } from './effort.js';
import type { Constants, Vector } from './elementary.js';
import { type Nest, operandsOf } from './nest.js';
import {
  type Choice,
  choices,
  distance,
  placeOf,
  type Pointers,
  type Standing,
  vectorPart,
} from './places.js';
import type { Schedule } from './schedule.js';
import { levelAcross, transposed } from './transpose.js';
import { type Arithmetic, calling, elementaryOf, fromMemory, type HostFunction, hostFunctionOf, toMemory, valueOf } from './values.js'; // prettier-ignore

/** Code as it is written: what is known in locals by now, and where more goes. */
export interface Scope {
  readonly known: Set<string>;
  readonly out: Statement[];
}

export interface Computation {
  /** Everything that is known at the depth where a walk stands, and not before. */
  readonly here: (standing: Standing, scope: Scope) => void;
  /** The value of an assignment: an expression that is cheap to repeat. */
  readonly valueAt: (assignment: number, standing: Standing, choice: Choice, scope: Scope) => Vector;
  /** The host's functions that have been called for so far. */
  readonly calls: () => readonly HostFunction[];
}

/** Which assignments the stores need. */
export const needed = ({ body, stores }: Nest): readonly boolean[] => {
  const used = body.map(() => false);
  for (const { value } of stores) used[value] = true;
  for (let i = body.length - 1; i >= 0; i--)
    if (used[i] === true) for (const operand of operandsOf(body[i]!)) used[operand] = true;
  return used;
};

export const computation = (
  nest: Nest,
  schedule: Schedule,
  pointers: Pointers,
  constants: Constants,
): Computation => {
  const { body, stores } = nest;
  const calls = new Map<string, HostFunction>();
  const depends = dependences(nest);
  const used = needed(nest);
  const levels = [...schedule.running, ...schedule.fixed];
  const typeOf = (i: number): NumberType => body[i]!.dtype;
  const dependsOn = (i: number, loop: number): boolean => loop >= 0 && ((depends[i]! >> loop) & 1) === 1;
  /** By assignment and level: whether the value differs from one part to another. */
  const varies = body.map((_, i) => levels.map(({ loop }) => dependsOn(i, loop)));
  /** How many levels must have been entered for a value to be known. */
  const depthOf = varies.map((along) => 1 + along.slice(0, schedule.running.length).lastIndexOf(true));
  const across = nest.loads.map((strides) => levelAcross(schedule, strides));

  const users = body.map((): number[] => []);
  body.forEach((a, i) => used[i] === true && operandsOf(a).forEach((operand) => users[operand]!.push(i)));
  /** Whether it takes several steps, which want operands that are cheap to repeat. */
  const takesSteps = body.map((a) => {
    if (a.op === 'load' || a.op === 'constant' || a.op === 'index') return false;
    const from = typeOf(operandsOf(a)[0]!);
    return elementaryOf(a, from) !== null || hostFunctionOf(a, from) !== null;
  });
  /** Values that are written in the expression of their only user. */
  const inlined = body.map((a, i) => {
    const [user, ...others] = users[i]!;
    if (user === undefined || others.length > 0 || takesSteps[i] === true || takesSteps[user] === true)
      return false;
    if (a.op === 'load' && across[a.load]! >= 0) return false;
    if (stores.some(({ value }) => value === i)) return false;
    return depthOf[user] === depthOf[i] && varies[i]!.every((along, level) => along === varies[user]![level]);
  });

  const nameOf = (i: number, choice: Choice): string =>
    choice.reduce((text, part, level) => (varies[i]![level] === true ? `${text}_${part}` : text), `v${i}`);

  const arithmetic = (i: number, a: Arithmetic, standing: Standing, choice: Choice, scope: Scope): Vector => {
    const operands = operandsOf(a);
    const types = operands.map(typeOf);
    const values = operands.map((operand) => valueAt(operand, standing, choice, scope));
    const host = hostFunctionOf(a, types[0]!);
    if (host === null) {
      const { before, value } = valueOf(a, values, types, constants);
      scope.out.push(...before);
      return value;
    }
    calls.set(host.name, host);
    const numbers = values.map((x, at) => toMemory(x, types[at]!, constants));
    const uniform = !dependsOn(i, schedule.vector);
    return calling(host, numbers, uniform ? 1 : vectorPart(standing, choice).lanes);
  };

  const expressionOf = (i: number, standing: Standing, choice: Choice, scope: Scope): Vector => {
    const a = body[i]!;
    switch (a.op) {
      case 'load':
        return fromMemory(loaded(placeOf(standing, choice, pointers.loads[a.load]!)), a.dtype);
      case 'constant':
        return constantOf(a.value, a.dtype, constants);
      case 'index': {
        const { local, strides } = pointers.indices.get(i)!;
        const along = strides[schedule.vector] ?? 0;
        const first = distance(standing, choice, strides);
        const lanes = i32x4.const(first, first + along, first + 2 * along, first + 3 * along);
        const whole = i32x4.add(i32x4.splat(local), lanes);
        return a.dtype === 'float32' ? f32x4.convert_i32x4_s(whole) : whole;
      }
      default:
        return arithmetic(i, a, standing, choice, scope);
    }
  };

  /** Sets the locals of four neighbours of a load at once; false where there are no such neighbours. */
  const setAcross = (
    i: number,
    load: number,
    standing: Standing,
    choice: Choice,
    { known, out }: Scope,
  ): boolean => {
    const localOf = (c: Choice) => v128.local(nameOf(i, c));
    const level = across[load]!;
    const four = level < 0 ? null : transposed(standing, choice, pointers.loads[load]!, level, localOf);
    if (four === null) return false;
    out.push(...four.statements);
    for (const local of four.locals) {
      if (typeOf(i) === 'bool') out.push(set(local, fromMemory(local, 'bool')));
      known.add(local.name);
    }
    return true;
  };

  const valueAt: Computation['valueAt'] = (i, standing, choice, scope) => {
    const a = body[i]!;
    if (a.op === 'constant' || inlined[i] === true) return expressionOf(i, standing, choice, scope);
    const local = v128.local(nameOf(i, choice));
    if (scope.known.has(local.name)) return local;
    if (a.op === 'load' && setAcross(i, a.load, standing, choice, scope)) return local;
    const value = expressionOf(i, standing, choice, scope);
    scope.out.push(set(local, value));
    scope.known.add(local.name);
    return local;
  };

  return {
    valueAt,
    here: (standing, scope) =>
      body.forEach((a, i) => {
        if (used[i] !== true || a.op === 'constant' || inlined[i] === true) return;
        if (depthOf[i] !== standing.depth) return;
        for (const choice of choices(standing, (level) => varies[i]![level]!))
          valueAt(i, standing, choice, scope);
      }),
    calls: () => [...calls.values()],
  };
};
