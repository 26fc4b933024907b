import { describe, expect, test } from 'vitest';
import type { Inert, Pickled, PickledDict } from './pickleValues.js';
import { savedAgain } from './savedAgain.js';

const dict = (fields: Readonly<Record<string, Pickled>>): PickledDict => ({
  _tag: 'Dict',
  entries: Object.entries(fields),
});
const inert = (global: string, state: Pickled = null): Inert => ({ _tag: 'Inert', global, args: [], named: null, state, items: [], entries: [] }); // oxfmt-ignore
const w = inert('torch._utils._rebuild_tensor_v2');
const [own, two] = [inert('__main__.Config'), dict({ w, b: w })];
const saved = (value: Pickled): string | null => savedAgain(value, (global) => !global.startsWith('__main__.'));
const file = 'torch.load(path, weights_only=False)';

describe('the line that saves the weights of a file again', () => {
  test.each<readonly [string, Pickled, string | null]>([
    ['the key of the tensors', dict({ epoch: 3, model: two, config: own }), `torch.save(${file}["model"], out)`],
    ['the first of two keys', dict({ model: two, ema: two, config: own }), `torch.save(${file}["model"], out)`],
    ['no key of an optimizer', dict({ optimizer: dict({ a: w, b: w, c: w, d: w }), net: two, config: own }), `torch.save(${file}["net"], out)`],
    ['a key within another', dict({ state: dict({ 'a"b': two, config: own }) }), `torch.save(${file}["state"]["a\\"b"], out)`],
    ['tensors beside an object', dict({ w, b: w, config: own }), `torch.save({k: v for k, v in ${file}.items() if torch.is_tensor(v)}, out)`],
    ['an attribute of an object', inert('__main__.Trainer', dict({ model: two, config: own })), `torch.save(${file}.model, out)`],
    ['the state dict of a module', dict({ net: inert('__main__.Net', dict({ _parameters: two, _buffers: dict({}) })) }), `torch.save(${file}["net"].state_dict(), out)`],
    ['none for an object without tensors', own, null],
    ['none for a list', { _tag: 'List', items: [w, own] }, null],
  ])('has %s', (_, value, expected) => expect(saved(value)).toBe(expected)); // oxfmt-ignore

  test('takes a bounded time for shared values and for loops', () => {
    const loop: Pickled = { _tag: 'List', items: [own] };
    loop.items.push(loop);
    expect(saved(dict({ loop }))).toBe(null);
    const wide: Pickled = { _tag: 'List', items: Array.from({ length: 2 ** 20 }, () => null) };
    // visits of each shared value, and copies of a growing path, would exceed the time limit of all tests
    saved(dict(Object.fromEntries(Array.from({ length: 10 ** 5 }, (_, i) => [`k${i}`, wide]))));
    const args: readonly Pickled[] = Array.from({ length: 10 ** 5 }, () => null);
    let chain: Pickled = own;
    for (let i = 0; i < 10 ** 5; i++) chain = { ...inert('__main__.Link', chain), args };
    saved(dict({ chain }));
  });
});
