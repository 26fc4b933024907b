/**
 * Decodes inputs that are stored in 16 bits. Such an input is a vector of `W = ⌈N/2⌉` int32 words: word i holds element
 * i in its lower half and element W + i in its upper half, so that a decoder reads and writes runs of memory.
 */
import { type Node, pathOf, rewrite, withInputs, operandOf } from '../../graph/node.js';
import { broadcast, constant, input, mul, reshape, slice, stored, unary } from '../../primitives/index.js';
import { primitiveOf } from '../../primitives/rules/table.js';
import { type HalfStorage, wordsFor } from '../../types/storage.js';
import { sizeOf } from '../../../internal/numbers.js';
import { entryOf } from '../../../internal/lookup.js';

/** Moves the lower half of a word up, and leaves the upper half where it is. */
const FACTORS = Int32Array.of(65536, 1);

/** The graph with inputs of words. */
export interface Unpacked {
  readonly roots: readonly Node[];
  /** By input of the program: the input itself, or its words. */
  readonly inputs: readonly Node[];
}

/**
 * Replaces the inputs that are stored in 16 bits by their words. Every use decodes them again, and its decoder comes just
 * before it in the order of calls, so that the float32 numbers of one use at a time are in memory. Movements between the
 * input and a use are part of its decoder.
 */
export const unpacked = (
  roots: readonly Node[],
  inputs: readonly Node[],
  storages: readonly (HalfStorage | undefined)[],
): Unpacked => {
  const packed = new Map<Node, { readonly words: Node; readonly storage: HalfStorage }>();
  const all = inputs.map((x, i) => {
    const storage = storages[i];
    if (storage === undefined) return x;
    const words = input(pathOf(x) ?? '', [wordsFor(sizeOf(x.shape))], 'int32');
    packed.set(x, { words, storage });
    return words;
  });
  if (packed.size === 0) return { roots, inputs };
  const factors = constant(FACTORS, [2, 1], 'int32');

  /** The movements from a stored input to an operand, the first one first; null for other operands. */
  const pathTo = (operand: Node): readonly Node[] | null => {
    const moves: Node[] = [];
    let at = operand;
    for (; !packed.has(at); at = operandOf(at)) {
      if (primitiveOf(at).lowering.class !== 'movement' || primitiveOf(at).isUnique) return null;
      moves.unshift(at);
    }
    return [at, ...moves];
  };
  /** Decodes an operand for a node of the depth `before`. */
  const decoded = (operand: Node, before: number): Node => {
    const path = pathTo(operand);
    if (path === null) return operand;
    const [x, ...moves] = path as [Node, ...Node[]];
    const { words, storage } = entryOf(packed, x);
    const [count] = words.shape as [number];
    if (count === 0) return constant(new Float32Array(0), operand.shape, 'float32');
    // calls are ordered by depth: the decoder is deeper than all other operands of its use
    let depth = before - 1;
    const deeper = (n: Node): Node => ({ ...n, depth: (depth += 1 / (16 + moves.length)) });
    const rows = [2, count];
    const pairs = deeper(broadcast(deeper(reshape(words, [1, count])), rows));
    const upper = deeper(mul(pairs, deeper(broadcast(factors, rows))));
    const all = deeper(reshape(deeper(unary(storage, upper)), [2 * count]));
    const size = sizeOf(x.shape);
    const exact = size === 2 * count ? all : deeper(slice(all, [0], [size]));
    // the uses of the input read the last node, and errors take the name of the input from it
    const whole = deeper(stored(deeper(reshape(exact, x.shape)), pathOf(words) ?? ''));
    return moves.reduce((at, move) => deeper(withInputs(move, [at])), whole);
  };

  const rewritten = rewrite(roots, (n) => {
    if (primitiveOf(n).lowering.class === 'movement' && !primitiveOf(n).isUnique) return n;
    const operands = n.inputs.map((operand) => decoded(operand, n.depth));
    return operands.every((operand, i) => operand === n.inputs[i]) ? n : ({ ...n, inputs: operands } as Node);
  });
  return { roots: rewritten.map((root) => decoded(root, root.depth + 1)), inputs: all };
};
