/**
 * Signatures at run time: `'B H W C, B D -> B H W C'` held against traced tensors. Each symbol stands for one
 * extent, in all parameters, arguments and results. `unify.ts` is the counterpart in types.
 */
import { bindShape, type Bound, LEADING, nothingBound, settle } from './bind.js';
import { orRaise, raise, showShape } from './errors.js';
import { sizeOf } from './node.js';
import { reshape } from './primitives/index.js';
import { isPart, type LeafSpec, parseAs, parseString, type Spec, type TreeSpec, treeSpec } from './spec.js';
import { type AnyTensor, dims, dtypeOf, isTensor, nodeOf, type Shape, tensor } from './tensor.js';
import { leaves, mapLeaves } from './tree.js';

/** What a signature says of one argument, or of the result, and what errors call it. */
interface Place {
  readonly where: string;
  readonly spec: TreeSpec<unknown>;
}

/** A signature that was read. */
export interface Places {
  readonly inputs: readonly Place[];
  readonly output: Place;
}

/** `{ takes: { x: 'B C', mask: 'B' }, gives: 'B' }`: the signature of a function of one tree. */
export interface Signature {
  readonly takes: Spec;
  readonly gives: Spec;
}

/** A spec that may have leading axes; all others are left as they are. */
const withLeadingAxes = <A>(part: A | string): A | string | LeafSpec => {
  const words = typeof part === 'string' ? /^\s*\.\.\.(?<last>(\s|:).*)?$/.exec(part) : null;
  if (words === null) return part;
  const leaf = parseString(words.groups?.['last'] ?? '');
  return { ...leaf, shape: [LEADING, ...leaf.shape] };
};
const parsePlace = (where: string, spec: Spec): Place => ({
  where,
  spec: treeSpec(mapLeaves(isPart)(withLeadingAxes)(spec)),
});

const parseText = (text: string): Places => {
  const [inputs, output, ...more] = text
    .split('->')
    .map((side) => side.split(',').map((word) => word.trim()));
  return inputs === undefined || output === undefined || more.length > 0
    ? raise('ConfigError', {
        where: `signature '${text}'`,
        expected: 'arguments, one arrow, and results',
        actual: `'${text}'`,
        hint: "write it like 'B H W C, B D -> B H W C'",
      })
    : {
        inputs: inputs.map((word, i) => parsePlace(`arg ${i + 1} of '${text}'`, word)),
        output: parsePlace(`the result of '${text}'`, output.length === 1 ? output[0]! : output),
      };
};

const parse = (written: string | Signature): Places =>
  typeof written === 'string'
    ? parseText(written)
    : { inputs: [parsePlace('input', written.takes)], output: parsePlace('the result', written.gives) };

const hasLeading = ({ shape }: LeafSpec): boolean => shape[0] === LEADING;

/** Reads a signature; raises `ConfigError` where it is none. */
export const parseSignature = (written: string | Signature): Places => {
  const signature = parse(written);
  const { inputs, output } = signature;
  return output.spec.leaves.some(hasLeading) && !inputs.some(({ spec }) => spec.leaves.some(hasLeading))
    ? raise('ConfigError', {
        where: output.where,
        expected: `${LEADING} in an argument too`,
        actual: `${LEADING} in the result alone`,
        hint: 'the leading axes of the result are those of an argument',
      })
    : signature;
};

const bindTensor = (bound: Bound, shape: Shape, leaf: LeafSpec, x: AnyTensor, where: string): Bound => {
  if (dtypeOf(x) !== leaf.dtype)
    raise('DTypeError', { where, expected: leaf.dtype, actual: dtypeOf(x), hint: 'cast it first' });
  return bindShape(bound, shape, dims(x), where);
};

/** Binds the symbols of a tree of tensors; `shapeOf` says what the shape of a leaf stands for. */
const bindPlace = (
  bound: Bound,
  { where, spec }: Place,
  tree: unknown,
  shapeOf: (leaf: LeafSpec) => Shape = ({ shape }) => shape,
): Bound => {
  const given = new Map(leaves(isTensor)(tree).map(({ path, leaf }) => [path, leaf]));
  return spec.leaves.reduce((b, leaf) => {
    const at = leaf.path === '' ? where : `${where}.${leaf.path}`;
    const x = given.get(leaf.path);
    return x === undefined
      ? raise('ConfigError', {
          where: at,
          expected: `a tensor ${showShape(leaf.shape)}`,
          actual: 'none',
          hint: 'give every tensor of the spec',
        })
      : bindTensor(b, shapeOf(leaf), leaf, x, at);
  }, bound);
};

/** Binds the symbols of parameters, by their spec. */
export const bindParams = (spec: unknown, params: unknown): Bound => {
  const parsed = orRaise(parseAs(spec));
  return bindPlace(nothingBound(), { where: 'params', spec: parsed }, params);
};

/** Binds the symbols of the arguments; each agrees with what is bound already. */
export const bindInputs = ({ inputs }: Places, given: readonly unknown[], bound: Bound): Bound => {
  if (given.length !== inputs.length)
    raise('ConfigError', {
      where: inputs.map(({ where }) => where).join(', '),
      expected: `${inputs.length} arguments`,
      actual: `${given.length}`,
      hint: 'give one for each',
    });
  return settle(inputs.reduce((b, place, i) => bindPlace(b, place, given[i]), bound));
};

/** A tree whose tensors that have leading axes get others in their place, and so another shape. */
const withLeading =
  ({ spec }: Place, shapeOf: (x: AnyTensor, leaf: LeafSpec) => readonly number[]) =>
  (tree: unknown): unknown => {
    const leading = new Map(spec.leaves.filter(hasLeading).map((leaf) => [leaf.path, leaf]));
    return leading.size === 0
      ? tree
      : mapLeaves(isTensor)((x, path) => {
          const leaf = leading.get(path);
          return leaf === undefined ? x : tensor(reshape(nodeOf(x), shapeOf(x, leaf)));
        })(tree);
  };

/** The last extents of a tensor: those after the leading ones. */
const lastOf = (x: AnyTensor, { shape }: LeafSpec): readonly number[] => {
  const extents = dims(x);
  return extents.slice(extents.length - shape.length + 1);
};

/** An argument as a body sees it: its leading axes are one. */
export const merged = (place: Place, bound: Bound): ((argument: unknown) => unknown) =>
  withLeading(place, (x, leaf) => [sizeOf(bound.leading ?? []), ...lastOf(x, leaf)]);

/** A result as a caller sees it, held against what the signature says: its first axis is the leading ones again. */
export const checkedResult = ({ output }: Places, result: unknown, bound: Bound): unknown => {
  const leading = bound.leading ?? [];
  settle(
    bindPlace(bound, output, result, (leaf) =>
      hasLeading(leaf) ? [sizeOf(leading), ...leaf.shape.slice(1)] : leaf.shape,
    ),
  );
  return withLeading(output, (x, leaf) => [...leading, ...lastOf(x, leaf)])(result);
};
