/** Graphs of one example as graphs of a batch, from graph to graph. */
import { batch, type Operand, type Rule, spread } from './batching/index.js';
import { inputLike } from './closure.js';
import { type Composite, type Node, type NodeOf, reachable, withInputs } from './node.js';
import { composite, reduce } from './primitives/index.js';

/**
 * Rebuilds a graph for a batch of `extent` examples: the nodes of `images` have images with a leading axis of
 * that extent, and so has what depends on them; the rest is as it was.
 */
export const batched = (
  roots: readonly Node[],
  images: ReadonlyMap<Node, Node>,
  extent: number,
): readonly Operand[] => {
  const done = new Map<Node, Operand>();
  for (const [n, node] of images) done.set(n, { node, mapped: true });
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const node = isMapped(n, operands)
      ? n.op === 'composite'
        ? batchComposite(n, operands, extent)
        : batch(n, operands, extent)
      : null;
    done.set(
      n,
      node === null
        ? { node: withInputs(n, operands.map((operand) => operand.node)), mapped: false } // prettier-ignore
        : { node, mapped: true },
    );
  }
  return roots.map((root) => done.get(root)!);
};

/** What waits for a batch is not one: a barrier is its first operand. */
const isMapped = (n: Node, operands: readonly Operand[]): boolean =>
  n.op === 'barrier' ? operands[0]!.mapped : operands.some(({ mapped }) => mapped);

const batchComposite: Rule<NodeOf<'composite'>> = (n, operands, extent) => {
  const { composite: definition, options } = n.attributes;
  return definition.batch === undefined
    ? composite(ofEach(n, operands, extent), operands.map(({ node }) => node)) // prettier-ignore
    : composite(
        definition,
        operands.map((operand) => spread(operand, extent)),
        definition.batch(options),
      );
};

/** What one example has where a batch has these operands: a fresh input for each that is mapped, and its image. */
const examplesOf = (likes: readonly Node[], operands: readonly Operand[]) => {
  const images = new Map<Node, Node>();
  const examples = operands.map(({ node, mapped }, i) => {
    if (!mapped) return node;
    const example = inputLike(likes[i]!);
    images.set(example, node);
    return example;
  });
  return { examples, images };
};

/** The decomposition of each example, and the derivative. */
const ofEach = (n: NodeOf<'composite'>, operands: readonly Operand[], extent: number): Composite => {
  const { composite: definition, options } = n.attributes;
  const over = (roots: readonly Node[], images: ReadonlyMap<Node, Node>): readonly Node[] =>
    batched(roots, images, extent).map((operand) => spread(operand, extent));
  const givenAs = (inputs: readonly Node[]): readonly Operand[] =>
    inputs.map((node, i) => ({ node, mapped: operands[i]!.mapped }));
  const decompose: Composite['decompose'] = (inputs) => {
    const { examples, images } = examplesOf(n.inputs, givenAs(inputs));
    return over([definition.decompose(examples, options)], images)[0]!;
  };
  const { derivative, redefined } = definition;
  if (redefined !== undefined) return redefined(decompose);
  return {
    name: `vmap(${definition.name})`,
    decompose,
    ...(derivative && {
      derivative: (inputs, output, cotangent) => {
        const ofAll = [output, cotangent].map((node) => ({ node, mapped: true }));
        const { examples, images } = examplesOf([...n.inputs, n, n], [...givenAs(inputs), ...ofAll]);
        const [y, seed] = examples.slice(inputs.length) as [Node, Node]; // those of `ofAll`
        const own = derivative(examples.slice(0, inputs.length), y, seed, options);
        const found = over(own.map((c) => c ?? seed), images); // prettier-ignore
        // what all examples share has the sum of their cotangents
        return own.map((c, i) => c && (operands[i]!.mapped ? found[i]! : reduce('sum', found[i]!, [0])));
      },
    }),
  };
};
