/** The code of a nest under a schedule. */
import { i32 } from '../assembler/assembler.js';
import { accumulation } from './accumulate.js';
import { stored } from './access.js';
import {
  type Body,
  functionCode,
  locals,
  repeated,
  set,
  type Slot,
  type Statement,
  tee,
  when,
} from './code.js';
import { computation, type Imports, type Scope } from './compute.js';
import type { Nest } from '../../shared/regions/nest.js';
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
import { toolbox } from './tools.js';
import { toMemory } from './values.js';

/** Code, and how many elements further it leaves each pointer than it found it. */
interface Walked {
  readonly code: Body;
  readonly by: readonly number[];
}

/**
 * A function's code. Its parameters are the addresses of the first elements of the loads and of the
 * stores (those that all loops begin with), and at last the extent that `scheduleOf` may ask for.
 */
export const emitNest = (
  nest: Nest,
  depends: readonly number[],
  scheduleOf: (extent: Slot<'i32'>) => Schedule,
  imports: Imports,
): readonly number[] => {
  const { body, stores } = nest;
  const variables = locals();
  const pointers = pointersOf(nest, variables);
  const extent = variables.i32();
  const parameters = variables.types().length;
  const schedule = scheduleOf(extent);
  const tools = toolbox(variables);
  const computed = computation(nest, depends, schedule, pointers, tools, imports);
  const sums = accumulation(nest, schedule, tools);
  const movers: readonly Pointer[] = [...pointers.loads, ...pointers.stores, ...computed.indices];
  const counters = schedule.running.map(() => variables.i32());
  const innermost = schedule.running.length;
  const still = movers.map(() => 0);
  const known = new Set<number>();

  /** All the parts that have been chosen by now, one choice after another: its loads come before its stores. */
  const unrolled = (standing: Standing): Body =>
    choices(standing, null).map((choice) => {
      const scope: Scope = { known, out: [] };
      const values = stores.map(({ value }) =>
        toMemory(computed.valueAt(value, standing, choice, scope), body[value]!.dtype, tools),
      );
      const written =
        sums?.add(standing, choice, values) ??
        stores.map((_, s) => stored(placeOf(standing, choice, pointers.stores[s]!), values[s]!));
      return [scope.out, written];
    });

  const inside = (standing: Standing): Walked => {
    if (standing.depth === innermost) return { code: unrolled(standing), by: still };
    const out: Statement[] = [];
    computed.here(standing, { known, out });
    const { code, by } = levelOf(standing);
    return { code: [out, code], by };
  };

  const walk = (standing: Standing): Walked => {
    const before = known.size;
    const { code, by } = inside(standing);
    // what was computed in a block is not known after it
    [...known].slice(before).forEach((key) => known.delete(key));
    const summed = sums !== null && standing.depth === schedule.kept;
    return { code: summed ? sums.around(standing, code, pointers.stores) : code, by };
  };

  const levelOf = (standing: Standing): Walked => {
    const { depth, levels } = standing;
    const level = levels[depth]!;
    const stride = ({ strides }: Pointer): number => strides[level.loop]!;
    /** Where the level stands, and where that has left the pointers. */
    let position = 0;
    let at = still;
    const code = level.blocks.map((block): Body => {
      const { trips, step } = block;
      const begin = movers.map((pointer) => position * stride(pointer) + reach(block, stride(pointer)));
      const left = at;
      const enter = moved(movers, (_, i) => begin[i]! - left[i]!);
      const inner = walk(entered(standing, block));
      if (trips === 1) {
        at = begin.map((from, i) => from + inner.by[i]!);
        position += step;
        return [enter, inner.code];
      }
      const counter = counters[depth]!;
      const loop = repeated(counter, [
        inner.code,
        moved(movers, (pointer, i) => step * stride(pointer) - inner.by[i]!),
        sums?.onTrip(standing, block) ?? [],
      ]);
      if (typeof trips === 'number') {
        at = begin.map((from, i) => from + trips * step * stride(movers[i]!));
        position += trips * step;
        return [enter, set(counter, i32.const(trips)), loop];
      }
      // an extent known only when the code runs: the next block goes on from wherever this one ends
      at = movers.map((pointer) => reach(block, stride(pointer)));
      position = 0;
      return [enter, when(tee(counter, trips), loop)];
    });
    return { code, by: at };
  };

  const { code } = walk(outside(schedule));
  return functionCode(variables.types().slice(parameters), [tools.constants(), computed.begin, code]);
};
