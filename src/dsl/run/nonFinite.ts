import { effect, type Effect } from './effect.js';
import { part } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { E, F, TE } from '../../internal/fp.js';
import type { Fallible } from '../../internal/gen.js';
import type { Backend } from '../plan/backend.js';
import { evaluated } from './compile.js';
import type { At, Feed } from './executable.js';
import { type Node, pathOf, placeOf, reachable } from '../graph/node.js';
import { cast, concat, full, reduce, reshape, unary } from '../primitives/index.js';
import { labelOf, primitiveOf } from '../primitives/rules/table.js';
import type { Bindings, CheckedBindings, Program, Syms } from '../graph/spec.js';
import { type Dim, nodesIn, type Tensor, tensor } from '../graph/tensor.js';
import { entryOf } from '../../internal/lookup.js';

const nameOf = (n: Node): string => {
  const path = pathOf(n);
  if (path !== null) return `input ${path}`;
  return placeOf(n) === '' ? labelOf(n) : `${labelOf(n)} (${placeOf(n)})`;
};

/** `[1]`: 1 if all numbers of a node are finite, otherwise 0. */
const allFinite = (n: Node): Node => {
  const finite = cast(unary('isFinite', n), 'int32');
  return reshape(reduce('min', finite, [...n.shape.keys()]), [1]);
};

/** The float32 operands of a node, each with the elements that the result depends on: for `select`, the chosen ones. */
const operandsOf = (n: Node): readonly (readonly [operand: Node, used: Node])[] => {
  if (pathOf(n) !== null) return []; // an input, or a part of one
  const { used } = primitiveOf(n);
  return n.inputs.flatMap((operand, i) =>
    operand.dtype === 'float32' ? [[operand, used?.(n, i) ?? operand] as const] : [],
  );
};

/** The nodes whose numbers are checked, and the operands to follow from each node. */
interface Watched {
  readonly roots: readonly Node[];
  /** Each checked node and the index of its flag. */
  readonly flags: ReadonlyMap<Node, number>;
  readonly operands: ReadonlyMap<Node, ReturnType<typeof operandsOf>>;
}

const watch = (outputs: readonly Node[]): Watched => {
  const roots = outputs.filter(({ dtype }) => dtype === 'float32');
  const operands = new Map(reachable(roots).map((n) => [n, operandsOf(n)] as const));
  const used = [...operands.values()].flatMap((edges) => edges.map(([, node]) => node));
  return { roots, operands, flags: new Map([...new Set([...roots, ...used])].map((n, i) => [n, i])) };
};

/** Follows non-finite operands from a non-finite result to a node whose operands are all finite. */
const originIn = ({ roots, flags, operands }: Watched, finite: Int32Array): Node | null => {
  const isBad = (n: Node): boolean => finite[entryOf(flags, n)] === 0;
  let [origin, next] = [null as Node | null, roots.find(isBad)];
  while (next !== undefined) {
    origin = next;
    next = entryOf(operands, next).find(([, used]) => isBad(used))?.[0];
  }
  return origin;
};

/** A flag for each node. */
type Flags = Tensor<[Dim], 'int32'>;

const programPart = argument(
  'nonFiniteOrigin: program',
  part('a program', 'inputs', 'trace'),
  'give the result of program, or the step that failed',
);

/**
 * Finds the origin of NaN or infinity: follows non-finite operands from a non-finite result to an operation, input or
 * constant whose operands are all finite. Elements that a `select` masks out do not count. Null if all results are finite.
 * It checks every intermediate result, so run it on the reference backend after a step has failed.
 * @example
 * const step = program({ p: 'B' }, ({ p }) => mean(sqrt(neg(log(p)))))
 * const origin = nonFiniteOrigin(step, { B: 2 }, { p: Float32Array.of(0.5, 0) })
 * await using nf = await open(reference())
 * await nf.run(origin) // → 'log (p)'
 */
export const nonFiniteOrigin = <I, O, const N extends { readonly [K in Syms<I>]: number }>(
  program: Program<I, O>,
  extents: CheckedBindings<I, O, N>,
  inputs: Feed<At<I, N>>,
): Effect<string | null> => effect(originOf(program, extents as Bindings, inputs)); // as in `compile`

/** Finds the origin of NaN in a program whose types may be generic: see {@link nonFiniteOrigin}. */
export const originOf =
  <I, O>(program: Program<I, O>, extents: Bindings, inputs: unknown) =>
  (backend: Backend): Fallible<string | null> => {
    const known = programPart.decode(program);
    if (E.isLeft(known)) return TE.left(known.left);
    let watched: Watched = watch([]); // set when the program is traced
    const flags: Program<I, Flags> = {
      inputs: program.inputs,
      trace: (inputs) => {
        watched = watch(nodesIn(program.trace(inputs)));
        return tensor(concat([full(1, [1], 'int32'), ...[...watched.flags.keys()].map(allFinite)], 0));
      },
    };
    return F.pipe(
      evaluated(flags, extents, inputs)(backend),
      TE.map((finite) => {
        const origin = originIn(watched, finite.subarray(1));
        return origin === null ? null : nameOf(origin);
      }),
    );
  };
