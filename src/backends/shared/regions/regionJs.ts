/**
 * Compiles each region to one generated JavaScript function, so that the engine turns the fused loops into machine
 * code. Every operation rounds to float32; sums accumulate in float64.
 */
import type { Access, Assignment, Region } from '../../../dsl/graph/region.js';
import { binaryExpression, expressionOf, type Helpers, literal } from './expressions.js';
import type { NumberArray } from '../memory/heap.js';
import type { Rule } from '../kernel.js';
import { mergeLoops } from './loops.js';
import { COMBINE, identityOf } from '../scalar.js';

/**
 * Chooses the order of the loops, outermost first. If a region reduces over rows, and its last kept loop moves along
 * a row, that loop becomes the innermost one and runs over an array of accumulators (`rowWise`).
 */
const loopOrder = ({
  extents,
  reduced,
  loads,
}: Region): { readonly order: readonly number[]; readonly rowWise: boolean } => {
  const loops = extents.map((_, loop) => loop);
  const along = extents.length - reduced - 1;
  const last = extents.length - 1;
  const closer = loads.filter(({ strides }) => Math.abs(strides[along]!) < Math.abs(strides[last]!));
  const rowWise = reduced > 0 && along >= 0 && closer.some(({ strides }) => strides[along] !== 0);
  return { order: rowWise ? [...loops.filter((loop) => loop !== along), along] : loops, rowWise };
};

/** Generates the source of a function body that returns `(arrays) => void`, and the helpers that it calls. */
const regionSource = (given: Region): { readonly source: string; readonly helpers: Helpers } => {
  const region = mergeLoops(given);
  const { extents, reduced, loads, body, stores } = region;
  const { order, rowWise } = loopOrder(region);
  const depth = order.length;
  /** Number of loops outside the reduced ones. */
  const kept = depth - reduced - (rowWise ? 1 : 0);
  const helpers: Helpers = new Map();
  /** Lines at the start and end of each loop body, indexed by the number of enclosing loops. */
  const opening: string[][] = Array.from({ length: depth + 1 }, () => []);
  const closing: string[][] = Array.from({ length: depth + 1 }, () => []);

  /** The number of enclosing loops after which an address with these strides is known. */
  const levelOf = (strides: readonly number[]): number =>
    order.reduce((level, loop, at) => (strides[loop] === 0 ? level : at + 1), 0);

  /** Writes `offset + Σ index·stride`. Each part is computed in the outermost loop possible. */
  const address = (name: string, offset: number, strides: readonly number[], level: number): string => {
    let sum = `${offset}`;
    order.slice(0, level).forEach((loop, at) => {
      if (strides[loop] === 0) return;
      sum = `${sum} + i${loop}` + (strides[loop] === 1 ? '' : ` * ${strides[loop]}`);
      if (at + 1 === level) return;
      opening[at + 1]!.push(`const ${name}_${at} = ${sum};`);
      sum = `${name}_${at}`;
    });
    return sum;
  };

  const levels: number[] = [];
  const names: string[] = [];
  const assign = (assignment: Assignment, at: number): void => {
    const operands = [
      ...('a' in assignment ? [assignment.a] : []),
      ...('b' in assignment ? [assignment.b] : []),
      ...('condition' in assignment ? [assignment.condition] : []),
    ];
    const access = assignment.op === 'load' ? loads[assignment.load]! : assignment.op === 'index' ? assignment : null;
    const level = Math.max(
      access === null ? 0 : levelOf(access.strides),
      ...operands.map((position) => levels[position]!),
    );
    levels.push(level);
    const value = (): string => {
      if (assignment.op === 'index') return address(`n${at}`, assignment.offset, assignment.strides, level);
      if (assignment.op !== 'load') return expressionOf(assignment, body, (i) => names[i]!, helpers);
      const load: Access = loads[assignment.load]!;
      return `b${load.buffer}[${address(`l${at}`, load.offset, load.strides, level)}]`;
    };
    if (assignment.op === 'constant') names.push(value());
    else {
      opening[level]!.push(`const v${at} = ${value()};`);
      names.push(`v${at}`);
    }
  };
  body.forEach(assign);

  const along = order[depth - 1];
  stores.forEach((store, s) => {
    const value = names[store.value]!;
    const { dtype } = body[store.value]!;
    const target = (level: number): string =>
      `b${store.buffer}[${address(`s${s}`, store.offset, store.strides, level)}]`;
    if (store.reduce === null) return void opening[depth]!.push(`${target(depth)} = ${value};`);
    const identity = literal(identityOf(store.reduce, dtype), dtype);
    const accumulator = rowWise ? `acc${s}[i${along}]` : `acc${s}`;
    const combined = binaryExpression(COMBINE[store.reduce], dtype, accumulator, value, helpers);
    opening[depth]!.push(`${accumulator} = ${combined};`);
    if (!rowWise) {
      opening[kept]!.push(`let acc${s} = ${identity};`);
      closing[kept]!.push(`${target(kept)} = acc${s};`);
      return;
    }
    // apart from the loop over the accumulators, the address depends on the kept loops only
    const outer = address(`s${s}`, store.offset, store.strides, kept);
    opening[kept]!.push(`acc${s}.fill(${identity});`);
    closing[kept]!.push(
      `for (let j = 0; j < ${extents[along!]}; j++) b${store.buffer}[${outer} + j * ${store.strides[along!]}] = acc${s}[j];`,
    );
  });

  const lines: string[] = [];
  order.forEach((loop, at) => {
    lines.push(...opening[at]!, `for (let i${loop} = 0; i${loop} < ${extents[loop]}; i${loop}++) {`);
  });
  lines.push(...opening[depth]!);
  for (let at = depth; at >= 0; at--) lines.push(...closing[at]!, at === 0 ? '' : '}');

  const buffers = [...new Set([...loads, ...stores].map(({ buffer }) => buffer))];
  const bind = buffers.map((buffer) => `const b${buffer} = arrays[${buffer}];`);
  const accumulators = rowWise ? stores.map((_, s) => `const acc${s} = new Float64Array(${extents[along!]});`) : [];
  const named = [...helpers.keys()].map((name) => `const ${name} = helpers.get('${name}');`);
  return {
    source: [...named, ...accumulators, 'return (arrays) => {', ...bind, ...lines, '};'].join('\n'),
    helpers,
  };
};

/** A function that runs a region on the arrays of a plan's buffers. */
export const compileRegion = (region: Region): ((arrays: readonly NumberArray[]) => void) => {
  const { source, helpers } = regionSource(region);
  // closures would cost one call per operation and element, so the fused loop is generated as source. The
  // source contains only numbers and the names in `expressions.ts`.
  return new Function('helpers', source)(helpers) as (arrays: readonly NumberArray[]) => void;
};

/** Runs regions as generated JavaScript, in any memory that the host can access. */
export const regionJsRule: Rule = (call) => {
  if (call.kind !== 'region') return null;
  const run = compileRegion(call.region);
  return { name: 'region (JavaScript)', run: (frame) => run(frame.arrays) };
};
