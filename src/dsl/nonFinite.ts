import { E, type readerTaskEither, TE } from '../internal/fp.js';
import type { Backend } from './backend.js';
import { type At, compile, type Feed } from './compile.js';
import type { NoisefoldError } from './errors.js';
import { labelOf, type Node, type Op, placeOf, reachable } from './node.js';
import { cast, reduce, unary } from './primitives/index.js';
import type { Program } from './program.js';
import type { Syms } from './spec.js';
import { isTensor, nodeOf, type Tensor, tensor } from './tensor.js';
import { leaves } from './tree.js';
import { read, release, type Value } from './value.js';

/** What only moves numbers makes none of them. */
const MOVES: ReadonlySet<Op> = new Set([
  'reshape', 'transpose', 'broadcast', 'slice', 'flip', 'pad', 'concat', 'gather', 'constant', 'barrier', 'stopGradient',
]); // prettier-ignore

const nameOf = (n: Node): string => {
  if (n.op === 'input') return `input ${n.attributes.path}`;
  return placeOf(n) === '' ? labelOf(n) : `${labelOf(n)} (${placeOf(n)})`;
};

/** 1 where all numbers of a node are finite, else 0. */
const isSound = (n: Node): Tensor<[], 'int32'> =>
  tensor(
    reduce(
      'min',
      cast(unary('isFinite', n), 'int32'),
      n.shape.map((_, axis) => axis),
    ),
  );

/**
 * Finds where NaN or infinity begins: the first operation of a program, in its order, whose result is not
 * finite though its operands are. It watches every intermediate result: run it on the reference backend,
 * after a step went wrong. Null where all is finite.
 *
 * @example
 * const step = program({ p: 'B' }, ({ p }) => mean(sqrt(neg(log(p)))))
 * const origin = nonFiniteOrigin(step, { B: 2 }, { p: Float32Array.of(0.5, 0) })
 * await using(reference())(origin)() // → E.right('log (p)')
 */
export const nonFiniteOrigin =
  <I, O, const E extends { readonly [K in Syms<I> & string]: number }>(
    program: Program<I, O>,
    extents: E,
    inputs: Feed<At<I, E>>,
  ): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, string | null> =>
  (backend) => {
    const names: string[] = []; // filled when the program is traced
    const watched: Program<I, readonly Tensor<[], 'int32'>[]> = {
      inputs: program.inputs,
      trace: (given) => {
        const roots = leaves(isTensor)(program.trace(given)).map(({ leaf }) => nodeOf(leaf));
        const numbers = reachable(roots)
          .filter((n) => n.dtype === 'float32' && !MOVES.has(n.op))
          .sort((a, b) => a.depth - b.depth);
        names.push(...numbers.map(nameOf));
        return numbers.map(isSound);
      },
    };
    return TE.bracket(
      compile(watched, extents)(backend),
      (executable) => async () => {
        const run = await executable.run(inputs)();
        if (E.isLeft(run)) return run;
        const flags = run.right as readonly Value<[], 'int32'>[]; // At of an array of scalars
        const sound = await TE.traverseSeqArray((flag: Value<[], 'int32'>) => read(flag)(backend))(flags)();
        await release(flags)(backend)();
        return E.map((all: readonly Int32Array[]) => names[all.findIndex(([one]) => one === 0)] ?? null)(
          sound,
        );
      },
      ({ release: free }) => TE.fromIO(free),
    );
  };
