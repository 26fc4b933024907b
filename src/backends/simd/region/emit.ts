/** The code of a nest under a schedule. */
import { br_if, func, i32, loop, set, tee, when } from '../assembler.js';
import type { Body, Func, Local } from '../assembler.js';
import { accumulation } from './accumulate.js';
import { stored } from './access.js';
import { computation, needed } from './compute.js';
import { constantPool } from './constants.js';
import type { Nest } from './nest.js';
import {
  choices,
  entered,
  moved,
  outside,
  placeOf,
  type Pointer,
  pointersOf,
  reach,
  type Standing,
} from './places.js';
import type { Schedule } from './schedule.js';
import { type HostFunction, toMemory } from './values.js';

/** A function, and those of the host that it calls. */
export interface Emitted {
  readonly func: Func;
  readonly calls: readonly HostFunction[];
}

/** Code, and how many elements further it leaves each pointer than it found it. */
interface Walked {
  readonly code: Body;
  readonly by: readonly number[];
}

/**
 * Its parameters are the addresses of the first elements of the loads and of the stores (those that all
 * loops begin with), then the `further` ones.
 */
export const emitNest = (
  name: string,
  nest: Nest,
  schedule: Schedule,
  further: readonly Local<'i32'>[] = [],
): Emitted => {
  const { body, stores } = nest;
  const pointers = pointersOf(nest);
  const used = needed(nest);
  const movers: readonly Pointer[] = [
    ...pointers.loads.filter((_, load) => body.some((a, i) => a.op === 'load' && a.load === load && used[i])),
    ...pointers.stores,
    ...[...pointers.indices].flatMap(([i, pointer]) => (used[i] === true ? [pointer] : [])),
  ];
  const constants = constantPool();
  const computed = computation(nest, schedule, pointers, constants);
  const sums = accumulation(nest, schedule, constants, (i) => body[i]!.dtype);
  const innermost = schedule.running.length;
  const still = movers.map(() => 0);

  /** All the parts that have been chosen by now, one choice after another: its loads come before its stores. */
  const unrolled = (standing: Standing, known: Set<string>): Body =>
    choices(standing, () => true).map((choice) => {
      const scope = { known, out: [] };
      const values = stores.map(({ value }) =>
        toMemory(computed.valueAt(value, standing, choice, scope), body[value]!.dtype, constants),
      );
      const written =
        sums?.add(standing, choice, values) ??
        stores.flatMap((_, s) => stored(placeOf(standing, choice, pointers.stores[s]!), values[s]!));
      return [scope.out, written];
    });

  const inside = (standing: Standing, known: Set<string>): Walked => {
    if (standing.depth === innermost) return { code: unrolled(standing, known), by: still };
    const scope = { known, out: [] };
    computed.here(standing, scope);
    const { code, by } = levelOf(standing, known);
    return { code: [scope.out, code], by };
  };

  const walk = (standing: Standing, before: ReadonlySet<string>): Walked => {
    const { code, by } = inside(standing, new Set(before));
    const summed = sums !== null && standing.depth === schedule.kept;
    return { code: summed ? sums.around(standing, code, pointers.stores) : code, by };
  };

  const levelOf = (standing: Standing, known: ReadonlySet<string>): Walked => {
    const { depth, levels } = standing;
    const level = levels[depth]!;
    const stride = ({ strides }: Pointer): number => strides[level.loop]!;
    /** Where the level stands, and where that has left the pointers. */
    let position = 0;
    let at = still;
    const code = level.blocks.map((block): Body => {
      const { trips, step } = block;
      const begin = movers.map((pointer) => position * stride(pointer) + reach(block, stride(pointer)));
      const enter = moved(movers, begin.map((to, i) => to - at[i]!)); // prettier-ignore
      const inner = walk(entered(standing, block), known);
      if (trips === 1) {
        at = begin.map((from, i) => from + inner.by[i]!);
        position += step;
        return [enter, inner.code];
      }
      const counter = i32.local(`n${depth}`);
      const label = `loop${depth}`;
      const repeated = loop(label, [
        inner.code,
        moved(movers, movers.map((pointer, i) => step * stride(pointer) - inner.by[i]!)), // prettier-ignore
        sums?.onTrip(standing, block) ?? [],
        br_if(label, tee(counter, i32.sub(counter, 1))),
      ]);
      if (typeof trips === 'number') {
        at = begin.map((from, i) => from + trips * step * stride(movers[i]!));
        position += trips * step;
        return [enter, set(counter, i32.const(trips)), repeated];
      }
      // an extent known only when the code runs: the next block goes on from wherever this one ends
      at = movers.map((pointer) => reach(block, stride(pointer)));
      position = 0;
      return [enter, when(tee(counter, trips), [repeated])];
    });
    return { code, by: at };
  };

  const { code } = walk(outside(schedule), new Set());
  const begin = [...pointers.indices.values()].map(({ local, offset }) => set(local, i32.const(offset)));
  const params = [...pointers.loads, ...pointers.stores].map(({ local }) => local);
  return {
    func: func(name, [...params, ...further], [constants.statements(), begin, code]),
    calls: computed.calls(),
  };
};
