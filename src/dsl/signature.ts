/**
 * Signatures at run time: `'B H W C, B D -> B H W C'` held against traced tensors. Each symbol stands for one
 * extent, in all parameters, arguments and the result. `unify.ts` is the counterpart in types.
 */
import { E } from '../internal/fp.js';
import { bindShape, type Bound, nothingBound, settle } from './bind.js';
import { type NoisefoldError, raise, showShape } from './errors.js';
import { type LeafSpec, parseAs, parseSpec } from './spec.js';
import { type AnyTensor, dims, dtypeOf, isTensor } from './tensor.js';
import { leaves } from './tree.js';

export interface Signature {
  readonly text: string;
  readonly inputs: readonly LeafSpec[];
  readonly output: LeafSpec;
}

const orRaise = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElseW((error: NoisefoldError) => raise(error._tag, error))(result);

/** Reads a signature; raises `ConfigError` where it is none. */
export const parseSignature = (text: string): Signature => {
  const [inputs, output, ...more] = text.split('->');
  if (inputs === undefined || output === undefined || more.length > 0)
    return raise('ConfigError', {
      where: `signature '${text}'`,
      expected: 'arguments, one arrow, and a result',
      actual: `'${text}'`,
      hint: "write it like 'B H W C, B D -> B H W C'",
    });
  const leaf = (word: string): LeafSpec => orRaise(parseSpec(word.trim())).leaves[0]!; // a string has one leaf
  return { text, inputs: inputs.split(',').map(leaf), output: leaf(output) };
};

const bindTensor = (bound: Bound, leaf: LeafSpec, x: AnyTensor, where: string): Bound => {
  if (dtypeOf(x) !== leaf.dtype)
    raise('DTypeError', { where, expected: leaf.dtype, actual: dtypeOf(x), hint: 'cast it first' });
  return bindShape(bound, leaf.shape, dims(x), where);
};

/** Binds the symbols of parameters, by their spec. */
export const bindParams = (spec: unknown, params: unknown): Bound => {
  const given = new Map(leaves(isTensor)(params).map(({ path, leaf }) => [path, leaf]));
  return orRaise(parseAs(spec)).leaves.reduce((bound, leaf) => {
    const where = leaf.path === '' ? 'params' : `params.${leaf.path}`;
    const x = given.get(leaf.path);
    return x === undefined
      ? raise('ConfigError', {
          where,
          expected: `a tensor ${showShape(leaf.shape)}`,
          actual: 'none',
          hint: 'give all parameters of the spec',
        })
      : bindTensor(bound, leaf, x, where);
  }, nothingBound());
};

/** Binds the symbols of the arguments; each agrees with what is bound already. */
export const bindInputs = (signature: Signature, inputs: readonly AnyTensor[], bound: Bound): Bound => {
  if (inputs.length !== signature.inputs.length)
    raise('ConfigError', {
      where: `'${signature.text}'`,
      expected: `${signature.inputs.length} arguments`,
      actual: `${inputs.length}`,
      hint: 'give one tensor for each',
    });
  return settle(
    signature.inputs.reduce(
      (b, leaf, i) => bindTensor(b, leaf, inputs[i]!, `arg ${i + 1} of '${signature.text}'`),
      bound,
    ),
  );
};

/** Demands that a result has the dims that the signature says. */
export const checkOutput = (signature: Signature, output: AnyTensor, bound: Bound): void => {
  settle(bindTensor(bound, signature.output, output, `the result of '${signature.text}'`));
};
