/**
 * Decodes inputs that are stored in 16 bits. Such an input is a vector of `W = ⌈N/2⌉` int32 words: word i holds element
 * i in its lower half and element W + i in its upper half, so that a decoder reads and writes runs of memory.
 */
import {
  type Attributes,
  type DType,
  type Node,
  node,
  type NodeOf,
  type Op,
  type Operands,
  rewrite,
} from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';
import { type HalfStorage, wordsFor } from '../../types/storage.js';
import { sizeOf } from '../../../internal/numbers.js';

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
  const packed = new Map<Node, { readonly words: NodeOf<'input'>; readonly storage: HalfStorage }>();
  const all = inputs.map((x, i) => {
    const storage = storages[i];
    if (storage === undefined || x.op !== 'input') return x;
    const words = node('input', [], x.attributes, [wordsFor(sizeOf(x.shape))], 'int32') as NodeOf<'input'>;
    packed.set(x, { words, storage });
    return words;
  });
  if (packed.size === 0) return { roots, inputs };
  const factors = node('constant', [], { data: FACTORS }, [2, 1], 'int32');

  /** The movements from a stored input to an operand, the first one first; null for other operands. */
  const pathTo = (operand: Node): readonly Node[] | null => {
    const moves: Node[] = [];
    let at = operand;
    for (; !packed.has(at); at = at.inputs[0]!) {
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
    const { words, storage } = packed.get(x)!;
    const [count] = words.shape as [number];
    if (count === 0) return node('constant', [], { data: new Float32Array(0) }, operand.shape, 'float32');
    // calls are ordered by depth: the decoder is deeper than all other operands of its use
    let depth = before - 1;
    // without the checks of the constructors: a page that loads this module later need not keep them for it
    const made = <K extends Op>(
      op: K,
      inputs: Operands[K],
      attributes: Attributes[K],
      shape: readonly number[],
      dtype: DType,
    ) => ({ ...node(op, inputs, attributes, shape, dtype), depth: (depth += 1 / (16 + moves.length)) }) as Node; // with the depth of a decoder
    const [row, rows] = [[1, count], [2, count]]; // prettier-ignore
    const pairs = made('broadcast', [made('reshape', [words], {}, row, 'int32')], {}, rows, 'int32');
    const upper = made(
      'binary',
      [pairs, made('broadcast', [factors], {}, rows, 'int32')],
      { fn: 'mul' },
      rows,
      'int32',
    );
    const numbers = made('unary', [upper], { fn: storage }, rows, 'float32');
    const size = sizeOf(x.shape);
    const all = made('reshape', [numbers], {}, [2 * count], 'float32');
    const exact = size === 2 * count ? all : made('slice', [all], { start: [0], strides: [1] }, [size], 'float32');
    const shaped = made('reshape', [exact], {}, x.shape, 'float32');
    // the last node is the one that its uses read, and that names the input
    const whole = made('stored', [shaped], { path: words.attributes.path }, x.shape, 'float32');
    return moves.reduce<Node>(
      (at, { op, attributes, shape, dtype }) => made(op, [at], attributes, shape, dtype), // a movement has one operand
      whole,
    );
  };

  const rewritten = rewrite(roots, (n) => {
    if (primitiveOf(n).lowering.class === 'movement' && !primitiveOf(n).isUnique) return n;
    const operands = n.inputs.map((operand) => decoded(operand, n.depth));
    return operands.every((operand, i) => operand === n.inputs[i]) ? n : ({ ...n, inputs: operands } as Node);
  });
  return { roots: rewritten.map((root) => decoded(root, root.depth + 1)), inputs: all };
};
