import {
  type AnyTensor,
  dims,
  isLeafSpec,
  isTensor,
  type LeafSpec,
  type Shape,
  type Tensor,
  treeSpec,
} from '../../dsl/index.js';
import { mapLeaves, zipLeaves } from '../../dsl/types/tree.js';
import { raise, showShape } from '../../internal/errors.js';
import { functionOf } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { argument, optional, record } from '../../internal/schema.js';
import { type Optimizer, optimizerPart, optimizerSettings, type OptimizerState } from './optimizer.js';

/** Some parameters, and the optimizer that updates them. */
export interface ParameterGroup {
  /**
   * True for the parameters of the group, by path, such as `down.0.conv1.kernel`, and shape. Default: the parameters that no other
   * group takes.
   */
  readonly where?: (path: string, shape: readonly number[]) => boolean;
  readonly optimizer: Optimizer;
}

const groupList = argument(
  'groups',
  t.array(record({ optimizer: optimizerPart, where: optional(functionOf('a function')) })),
  'give a list of { where, optimizer }, with an optimizer such as adam({ learningRate: 1e-3 })',
);

const shapeOf = (leaf: AnyTensor | LeafSpec): readonly number[] =>
  isLeafSpec(leaf) ? (leaf.shape as readonly number[]) : dims(leaf as Tensor<Shape>);
const isLeaf = (x: unknown): x is AnyTensor | LeafSpec => isTensor(x) || isLeafSpec(x);

/** Finds the index of the one group that takes a parameter, by its path and shape. Raises `ConfigError` unless there is one. */
const chooser = (list: readonly ParameterGroup[]) => {
  const [named, others] = [true, false].map((isNamed) =>
    [...list.keys()].filter((i) => (list[i]!.where !== undefined) === isNamed),
  );
  return (path: string, shape: readonly number[]): number => {
    const asked = named!.filter((i) => list[i]!.where!(path, shape));
    const taking = asked.length === 0 ? others! : asked;
    if (taking.length !== 1)
      raise('ConfigError', {
        where: `groups: ${path}`,
        expected: `one group that takes this parameter, ${showShape(shape)}`,
        actual: taking.length === 0 ? 'none' : `the groups ${taking.join(' and ')}`,
        hint: 'change `where`, which gets the path and the shape; one group without it takes the rest',
      });
    return taking[0]!;
  };
};

/**
 * Splits a tree over the parameters into one tree for each group, and joins such trees. In the tree of a group, parameters of other
 * groups are null, like tensors without a gradient, so that all trees have the same type.
 */
const partition = (groupAt: ReturnType<typeof chooser>) => {
  const indexOf = (leaf: AnyTensor | LeafSpec, path: string): number => groupAt(path, shapeOf(leaf));
  /** The part of `tree` for the parameters of group `i`. */
  const part = <T>(params: unknown, tree: T, i: number): T =>
    zipLeaves([params, tree], isLeaf, (leaf, [own], path) => (indexOf(leaf, path) === i ? own : null)) as T;
  /** Joins the trees of all groups. */
  const whole = <T>(params: unknown, parts: readonly T[]): T =>
    zipLeaves([params, ...parts], isLeaf, (leaf, all, path) => all[indexOf(leaf, path)]) as T;
  /** The moments of all groups; null where a group does not have a moment. */
  const allMoments = <T>(params: unknown, states: readonly OptimizerState<T>[]): OptimizerState<T> => {
    const none = mapLeaves(params, isLeaf, () => null) as T;
    const names = [...new Set(states.flatMap((state) => Object.keys(state)))];
    const moments = names.map((name) => states.map((state) => state[name] ?? none));
    return Object.fromEntries(names.map((name, n) => [name, whole(params, moments[n]!)]));
  };
  return { part, whole, allMoments };
};

/**
 * Updates groups of parameters, each by an optimizer: with other learning rates, weight decays, or rules. A moment is
 * kept for the parameters whose optimizer has it. The reported learning rate is that of the first group. A chain inside
 * a group clips the norm of that group only. Raises `ConfigError` for a list without groups or with unknown fields,
 * and, when traced, for a parameter that no group takes, or more than one.
 * @example
 * const byKind = groups([
 *   { where: (path) => path.endsWith('bias'), optimizer: sgd({ learningRate: 1 }) },
 *   { optimizer: sgd({ learningRate: 0.1 }) },
 * ])
 * const [params, gradients] = [{ kernel: zeros(2), bias: zeros(1) }, { kernel: ones(2), bias: ones(1) }]
 * byKind.update(gradients, byKind.init(params), params, scalar(0, 'int32')).params // → { kernel: [-0.1, -0.1], bias: [-1] }
 */
export const groups = (list: readonly ParameterGroup[]): Optimizer => {
  groupList.demand(list);
  const [first] = list;
  if (first === undefined)
    return raise('ConfigError', { where: 'groups', expected: 'a group', actual: 'none', hint: 'give at least one' });

  const groupAt = chooser(list);
  const { part, whole, allMoments } = partition(groupAt);
  return {
    learningRate: first.optimizer.learningRate,
    settings: { groups: list.map(({ optimizer }) => optimizerSettings(optimizer)) },
    groupOf: (path, shape) => {
      const i = groupAt(path, shape);
      return `${i} ${list[i]!.optimizer.groupOf?.(path, shape) ?? ''}`;
    },
    over: (leaves) => {
      const inVector = (vector: string) => leaves.find((leaf) => `${leaf.vector}` === vector)!; // a vector has one group
      return groups(
        list.map(({ optimizer }, i) => ({
          where: (vector) => groupAt(inVector(vector).path, inVector(vector).shape) === i,
          optimizer: optimizer.over?.(leaves) ?? optimizer,
        })),
      );
    },
    state: (params) => {
      const { tree } = treeSpec(params);
      const states = list.map(({ optimizer }, i) => optimizer.state(treeSpec(part(tree, tree, i))));
      const trees = states.map((state) =>
        Object.fromEntries(Object.entries(state).map(([name, spec]) => [name, treeSpec(spec).tree])),
      );
      const moments = Object.entries(allMoments(tree, trees)).map(([name, moment]) => [name, treeSpec(moment)]);
      return Object.fromEntries(moments) as OptimizerState<typeof params>; // a spec with fewer leaves
    },
    init: (params) =>
      allMoments(
        params,
        list.map(({ optimizer }, i) => optimizer.init(part(params, params, i))),
      ),
    update: (gradients, state, params, step) => {
      const updated = list.map(({ optimizer }, i) => {
        const own = Object.entries(state).map(([name, moment]) => [name, part(params, moment, i)] as const);
        return optimizer.update(part(params, gradients, i), Object.fromEntries(own), part(params, params, i), step);
      });
      return {
        params: whole(
          params,
          updated.map((result) => result.params),
        ),
        state: allMoments(
          params,
          updated.map((result) => result.state),
        ),
      };
    },
  };
};
