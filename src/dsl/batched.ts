/** Graphs of one example as graphs of a batch, from graph to graph. */
import { batch, type Operand, type Rule, spread } from './batching/index.js';
import { inputLike } from './closure.js';
import { type Composite, type Node, type NodeOf, reachable, withInputs } from './node.js';
import { composite, reduce } from './primitives/index.js';

/**
 * Rebuilds a graph for a batch of `extent` examples: where `images` have a leading axis of that extent, so has what
 * depends on their nodes.
 */
export const batched = (
  roots: readonly Node[],
  images: ReadonlyMap<Node, Operand>,
  extent: number,
): readonly Operand[] => {
  const done = new Map(images);
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const mapped = isMapped(n, operands);
    const node = !mapped
      ? withInputs(n, nodesOf(operands))
      : n.op === 'composite'
        ? batchComposite(n, operands, extent)
        : batch(n, operands, extent);
    done.set(n, { node, mapped });
  }
  return roots.map((root) => done.get(root)!);
};

const nodesOf = (operands: readonly Operand[]): readonly Node[] => operands.map(({ node }) => node);

/** What waits for a batch is not one: a barrier is its first operand. */
const isMapped = (n: Node, operands: readonly Operand[]): boolean =>
  n.op === 'barrier' ? operands[0]!.mapped : operands.some(({ mapped }) => mapped);

const batchComposite: Rule<NodeOf<'composite'>> = (n, operands, extent) => {
  const { composite: definition, options } = n.attributes;
  return definition.batch === undefined
    ? composite(ofEach(n, operands, extent), nodesOf(operands))
    : composite(
        definition,
        operands.map((operand) => spread(operand, extent)),
        definition.batch(options),
      );
};

/** The decomposition of each example, and the derivative. */
const ofEach = (n: NodeOf<'composite'>, operands: readonly Operand[], extent: number): Composite => {
  const { composite: definition, options } = n.attributes;
  /** What f makes of the operands of one example, which are like some nodes, made of those of the batch. */
  const over = (
    likes: readonly Node[],
    given: readonly Operand[],
    f: (examples: readonly Node[]) => readonly (Node | null)[],
  ): readonly (Node | null)[] => {
    const examples = likes.map(inputLike);
    const results = f(examples);
    const images = new Map(examples.map((example, i) => [example, given[i]!]));
    const found = batched(results.filter((result) => result !== null), images, extent); // prettier-ignore
    let next = 0;
    return results.map((result) => result && spread(found[next++]!, extent));
  };
  const givenAs = (inputs: readonly Node[]): readonly Operand[] =>
    inputs.map((node, i) => ({ node, mapped: operands[i]!.mapped }));
  const decompose: Composite['decompose'] = (inputs) =>
    over(n.inputs, givenAs(inputs), (examples) => [definition.decompose(examples, options)])[0]!;
  const { derivative, redefined } = definition;
  if (redefined !== undefined) return redefined(decompose);
  return {
    name: `vmap(${definition.name})`,
    decompose,
    ...(derivative && {
      derivative: (inputs, output, cotangent) => {
        const given = [...givenAs(inputs), ...[output, cotangent].map((node) => ({ node, mapped: true }))];
        const found = over([...n.inputs, n, n], given, (examples) => {
          const [y, seed] = examples.slice(-2) as [Node, Node];
          return derivative(examples.slice(0, -2), y, seed, options);
        });
        // what all examples share has the sum of their cotangents
        return found.map((c, i) => c && (operands[i]!.mapped ? c : reduce('sum', c, [0])));
      },
    }),
  };
};
