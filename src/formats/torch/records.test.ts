import { describe, expect, test } from 'vitest';
import { E, TE } from '../../internal/fp.js';
import { withWeights } from '../../node/weights.js';
import { errorOf, tensorsOf } from '../../node/weightsTesting.js';
import { call, dict, get, global, integer, list, type Part, pickleOf, put, storage, tensor, text, torchZip, tuple } from './pickleTesting.js'; // oxfmt-ignore

const w = tensor(storage('0', 4), [2, 2]);
const four = { 0: Float32Array.of(1, 2, 3, 4) };

describe('objects beside tensors are read as records:', () => {
  const read = (...pairs: readonly (readonly [string, Part])[]) =>
    withWeights(torchZip(pickleOf(dict(...pairs.map(([name, part]) => [text(name), part] as const))), four), ({ entries, metadata }) =>
      TE.right([[...entries.keys()], metadata]))(); // oxfmt-ignore
  const made = (module: string, name: string, ...args: readonly Part[]): Part => [global(module, name), tuple(...args), 0x81];

  test.each<readonly [string, Part]>([
    ['numpy.core.multiarray.scalar', call(global('numpy.core.multiarray', 'scalar'), call(global('numpy', 'dtype'), text('f8')), text('x'))],
    ['numpy._core.multiarray._reconstruct', call(global('numpy._core.multiarray', '_reconstruct'), global('numpy', 'ndarray'), tuple(integer(0)), text('b'))],
    ['pathlib.PosixPath', call(global('pathlib', 'PosixPath'), text('a'))],
    ['__builtin__.xrange', call(global('__builtin__', 'xrange'), integer(0), integer(3), integer(1))],
    ['a function by its name', global('posix', 'system')],
    ['a class by its name', global('__main__', 'Model')],
    ['a method of Lightning', call(global('builtins', 'getattr'), made('lightning.pytorch.callbacks', 'Timer'), text('time'))],
  ])('%s', async (_, part) => expect(await read(['w', w], ['x', part])).toEqual(E.right([['w'], {}])));

  test('the state of a namespace has tensors and words', async () => {
    const state = dict([text('w'), w], [text('lr'), integer(3)]);
    expect(await read(['args', [made('argparse', 'Namespace'), state, 'b']])).toEqual(E.right([['args.w'], { 'args.lr': '3' }]));
  });

  test('a set, a deque, a Counter and an OrderedDict of Python 2 have the tensors of their arguments and items', async () => {
    const set = call(global('__builtin__', 'set'), list(w));
    const deque = [call(global('collections', 'deque'), tuple(), integer(9)), '(', w, w, 'e'];
    const counter = call(global('collections', 'Counter'), dict([text('a'), w]));
    const ordered = call(global('collections', 'OrderedDict'), list(list(text('w'), w), list(text('b'), w)));
    const names = ['set.0', 'deque.0', 'deque.1', 'counter.a', 'ordered.w', 'ordered.b'];
    expect(await read(['set', set], ['deque', deque], ['counter', counter], ['ordered', ordered])).toEqual(E.right([names, {}]));
  });

  test('a tensor with attributes is a tensor', async () => {
    const args = tuple(storage('0', 4), integer(0), tuple(integer(4)), tuple(integer(1)), 0x89, 'N');
    const tagged = call(global('torch._tensor', '_rebuild_from_type_v2'), global('torch._utils', '_rebuild_tensor_v2'), global('torch', 'Tensor'), args, dict([text('note'), text('first')]));
    expect((await tensorsOf(torchZip(pickleOf(dict([text('w'), tagged])), four))).get('w')).toEqual({ dtype: 'F32', shape: [4], data: four[0] });
    const other = call(global('torch._tensor', '_rebuild_from_type_v2'), global('torch._utils', '_rebuild_tensor_v2'), global('torchvision', 'Boxes'), args, 'N');
    expect(await errorOf(torchZip(pickleOf(dict([text('w'), other])), four))).toMatchObject({ where: 'weights: w', expected: 'a dense tensor' });
  });
}); // oxfmt-ignore

test('a loop of objects, as of a configuration and its parts, is visited once', async () => {
  const parts = dict([text('parent'), get(0)], [text('w'), w]);
  const config = [call(global('argparse', 'Namespace')), put(0), dict([text('parts'), list(parts, get(0))]), 'b'];
  const read = await tensorsOf(torchZip(pickleOf(dict([text('config'), config], [text('loop'), [list(), put(1), get(1), 'a']])), four));
  expect([...read.keys()]).toEqual(['config.parts.0.w']);
}); // oxfmt-ignore

test('a number under a key of any length is left out', async () => {
  const words = withWeights(torchZip(pickleOf(dict([text('w'), w], [text('x'.repeat(2000)), integer(1)])), four), ({ metadata }) => TE.right(metadata));
  expect(await words()).toEqual(E.right({}));
}); // oxfmt-ignore

describe('keys of other kinds than texts', () => {
  const namesOf = async (part: Part) => [...(await tensorsOf(torchZip(pickleOf(part), four))).keys()];

  test.each<readonly [string, Part, readonly string[]]>([
    ['the empty text is a name like others', dict([text(''), w], [text('tensor'), w]), ['', 'tensor']],
    ['the empty text is a step of a path', dict([text(''), dict([text('w'), w])], [text('w'), w]), ['.w', 'w']],
    ['a tensor alone has the name tensor', w, ['tensor']],
    ['tuples are written as in Python', dict([tuple(text('a'), integer(0)), w], [tuple(text('a'), integer(1)), w]), ["('a', 0)", "('a', 1)"]],
    ['0 and a text 0 differ', dict([integer(0), w], [text('0'), w]), ['0', "'0'"]],
  ])('%s', async (_, part, names) => expect(await namesOf(part)).toEqual(names));

  test('words of 0 and of a text 0 differ', async () => {
    const words = withWeights(torchZip(pickleOf(dict([integer(0), text('a')], [text('0'), text('b')], [text('w'), w])), four), ({ metadata }) => TE.right(metadata));
    expect(await words()).toEqual(E.right({ '0': 'a', "'0'": 'b' }));
  });

  test('two tensors of one name are refused, with a hint for the file alone', async () => {
    const bytes = torchZip(pickleOf(dict([text('a.b'), w], [text('a'), dict([text('b'), w])])), four);
    expect(await errorOf(bytes)).toMatchObject({ where: 'weights: a.b', expected: 'one tensor of this name', hint: 'save one of its dictionaries alone: torch.save(torch.load(path, weights_only=False)[key], out)' });
  });
}); // oxfmt-ignore
